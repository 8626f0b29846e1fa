//! The recall that `docs/unmask.md` states, and that nothing is opened where there is nothing.

#[path = "../examples/recall.rs"]
mod recall;

#[test]
fn what_is_within_reach_is_opened() {
    for (transform, row) in recall::recall() {
        println!("{transform}: {row:?}");
        assert_eq!(row.message.0, row.message.1, "{transform} in a message");
        assert!(row.blind.0 * 7 >= row.blind.1 * 6, "{transform} without a profile: {row:?}");
        assert!(row.bare.0 * 2 >= row.bare.1, "{transform} alone: {row:?}");
    }
}

#[test]
fn nothing_is_opened_where_there_is_nothing() {
    for (class, (values, opened)) in recall::false_positives() {
        println!("{class}: {values} {opened}");
        assert!(values > 0);
        assert_eq!(opened, 0, "{class}");
    }
}
