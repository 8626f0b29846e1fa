//! The recall that `docs/unmask.md` states, and that nothing is opened where there is nothing.

#[path = "../examples/recall.rs"]
mod recall;

#[test]
fn what_is_within_reach_is_opened() {
    for (transform, row) in recall::recall() {
        println!("{transform}: {row:?}");
        assert!(row.message.0 * 7 >= row.message.1 * 5, "{transform} in a message: {row:?}");
        // Nine unknown bytes are more than a hundred bytes of text give away for sure.
        let hard = transform == "xor, 9 bytes";
        assert!(hard || row.blind.0 * 7 >= row.blind.1 * 5, "{transform} without a profile: {row:?}");
        assert!(hard || row.bare.0 * 2 >= row.bare.1, "{transform} alone: {row:?}");
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
