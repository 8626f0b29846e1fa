//! Bills of operators' kinds, made up.

use encoding_rs::{GB18030, WINDOWS_1257};
use proptest::prelude::*;

use super::{BillKind, BillTime, DateOrder, Mapping, read_bill};
use crate::messages::Direction;

#[test]
fn headers_in_many_languages() {
    let rows = [
        (
            "Date,Time,Called number,Type,Duration\n21/03/2019,07:41:05,+37060000001,SMS,1\n",
            "2019-03-21T07:41:05",
            Some("+37060000001"),
            BillKind::Sms,
            None,
        ),
        (
            "Kunde: Muster\n\nDatum;Uhrzeit;Zielrufnummer;Verbindungsart;Dauer\n21.03.2019;07:41;0151/23456;SMS abgehend;1\nSumme;;;;1\n",
            "2019-03-21T07:41:00",
            Some("0151/23456"),
            BillKind::Sms,
            Some(Direction::Outgoing),
        ),
        (
            "Date et heure\tNuméro appelé\tNature\tQuantité\n21/03/2019 07:41:05\t0612345678\tAppel émis\t00:01:30\n",
            "2019-03-21T07:41:05",
            Some("0612345678"),
            BillKind::Call,
            Some(Direction::Outgoing),
        ),
        (
            "Data,Laikas,Numeris,Paslauga,Kiekis\n2019-03-21,07:41:05,\"+37060000001\",SMS žinutė,1\n",
            "2019-03-21T07:41:05",
            Some("+37060000001"),
            BillKind::Sms,
            None,
        ),
        (
            "起始时间,对方号码,业务类型,通信方式,数量\n2019-03-21 07:41:05,13800000000,短信,发送,1\n",
            "2019-03-21T07:41:05",
            Some("13800000000"),
            BillKind::Sms,
            Some(Direction::Outgoing),
        ),
    ];
    for (text, time, number, kind, direction) in rows {
        let bill = read_bill(text.as_bytes(), None);
        let [row] = &bill.rows[..] else { panic!("one row of {text}: {bill:?}") };
        let Some(BillTime::Local(at)) = row.value.time else { panic!("a time in {text}") };
        assert_eq!(at.to_string(), format!("{time}.000000Z"));
        assert_eq!(row.value.number.as_deref(), number);
        assert_eq!((row.value.kind, row.value.direction), (kind, direction), "{text}");
        assert!(row.value.units.is_some());
        let range = usize::try_from(row.start).unwrap()..usize::try_from(row.end).unwrap();
        assert!(text[range].contains(number.unwrap()), "{text}");
    }
}

#[test]
fn a_mapping_says_what_is_what() {
    let mapping = Mapping::from_toml(
        "header = false\ndelimiter = '|'\ntime_format = '%d.%m.%y %H:%M'\nzone = '+02:00'\ndecimal = ','\n\
         [columns]\ntime = 2\nnumber = 1\nkind = 3\nunits = 4\n[kinds]\nsms = ['K7']\n",
    )
    .expect("a mapping");
    let bill = read_bill("0600|21.03.19 07:41|K7 x|1.234,5\n".as_bytes(), Some(&mapping));
    let row = &bill.rows[0].value;
    let Some(BillTime::At(at)) = row.time else { panic!("an instant") };
    assert_eq!(at.to_string(), "2019-03-21T05:41:00.000000Z");
    assert_eq!((row.kind, row.units), (BillKind::Sms, Some(1234.5)));
    for broken in ["zone = 'Europe/Vilnius'", "colour = 'red'", "delimiter = '、'", "[kinds]\nfax = ['f']"] {
        assert!(Mapping::from_toml(broken).is_err(), "{broken}");
    }
}

#[test]
fn old_encodings() {
    let chinese = GB18030.encode("日期,时间,对方号码,类型\n2019-03-21,07:41:05,10086,短信\n").0.into_owned();
    let lithuanian = WINDOWS_1257
        .encode("Data;Laikas;Gavėjo numeris;Rūšis\n2019-03-21;07:41:05;1588;Žinutė\n")
        .0
        .into_owned();
    let text = "Date;Time;Number;Type\r\n2019-03-21;07:41:05;1588;SMS\r\n2019-03-22;07:41:05;1588;SMS\r\n";
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for (bytes, number) in [(&chinese, "10086"), (&lithuanian, "1588"), (&wide, "1588")] {
        let bill = read_bill(bytes, None);
        assert_eq!(bill.rows.first().map(|it| it.value.number.as_deref()), Some(Some(number)));
        assert_eq!(bill.rows[0].value.kind, BillKind::Sms, "{:?}", bill.read_as);
    }
    let second = &read_bill(&wide, None).rows[1];
    let range = usize::try_from(second.start).unwrap()..usize::try_from(second.end).unwrap();
    let units: Vec<u16> = wide[range].chunks(2).map(|it| u16::from_le_bytes([it[0], it[1]])).collect();
    assert_eq!(String::from_utf16(&units).unwrap(), "2019-03-22;07:41:05;1588;SMS");
}

#[test]
fn days_and_months() {
    let bill = |dates: [&str; 2]| {
        let text = format!("Date,Number\n{} 10:00,123\n{} 10:00,124\n", dates[0], dates[1]);
        let bill = read_bill(text.as_bytes(), None);
        (bill.read_as.order, bill.oddities.len())
    };
    assert_eq!(bill(["03/04/2019", "03/21/2019"]), (DateOrder::MonthFirst, 0));
    assert_eq!(bill(["03/04/2019", "21/03/2019"]), (DateOrder::DayFirst, 0));
    assert_eq!(bill(["03/04/2019", "05/06/2019"]), (DateOrder::DayFirst, 1));
    assert_eq!(bill(["03.04.2019", "05.06.2019"]), (DateOrder::DayFirst, 0));
}

#[test]
fn what_is_no_bill_is_said() {
    let bill = read_bill(b"a,b\n1,2\n", None);
    assert_eq!((bill.rows.len(), bill.oddities.len()), (0, 1));
    assert_eq!(read_bill(b"", None).rows.len(), 0);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_bill(&bytes, None);
        let text = [b"Date;Number\n".as_slice(), &bytes].concat();
        for row in read_bill(&text, None).rows {
            prop_assert!(row.end <= u64::try_from(text.len()).unwrap());
        }
    }
}
