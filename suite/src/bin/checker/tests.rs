//! A clean run, and for each invariant runs that were tampered with: none of those may pass.

use crate::{
    ledgers::{Answer, Ledgers, Request},
    rules,
};

/// Two accounts with two hooks each, the first of which keeps order; three events of one conversation and one that never
/// got an answer; the first server was killed when hook 0 had taken the first event.
fn clean() -> Ledgers {
    let clients = r#"
{"number":1,"account":"a","conversation":"c","began":10,"ended":20,"answer":"acked","id":"e1"}
{"number":2,"account":"a","conversation":"c","began":20,"ended":30,"answer":"acked","id":"e2"}
{"number":3,"account":"a","conversation":"c","began":30,"ended":40,"answer":"indeterminate","id":null}
{"number":4,"account":"b","conversation":null,"began":10,"ended":20,"answer":"acked","id":"e4"}
{"number":5,"account":"b","conversation":null,"began":20,"ended":30,"answer":"refused","id":null}
"#;
    let requests = [
        (0, "e1", 1, 100, Some(204), 0),
        (1, "e1", 1, 100, Some(500), 0),
        (1, "e2", 2, 110, Some(204), 0),
        // The server was killed here, at 200.
        (0, "e1", 1, 300, Some(204), 1),
        (1, "e1", 1, 310, Some(204), 1),
        (0, "e2", 2, 320, Some(204), 1),
        (0, "e3", 3, 340, Some(204), 1),
        (1, "e3", 3, 340, Some(204), 1),
        (2, "e4", 4, 340, None, 1),
        (2, "e4", 4, 350, Some(204), 1),
        (3, "e4", 4, 350, Some(204), 1),
    ];
    let request =
        |(hook, id, number, arrived, status, generation): (usize, &str, u64, u64, Option<u16>, usize)| {
            serde_json::json!({
                "hook": hook, "id": id, "number": number, "body": format!("body of {id}"), "timestamp": 7,
                "signature": true, "arrived": arrived, "status": status,
                "answered": status.map(|_| arrived + 5), "generation": generation,
            })
        };
    let receivers: Vec<String> = requests.map(|it| request(it).to_string()).to_vec();
    let state = r#"
{"kind":"hook","hook":0,"account":"a","ordered":true}
{"kind":"hook","hook":1,"account":"a","ordered":false}
{"kind":"hook","hook":2,"account":"b","ordered":true}
{"kind":"hook","hook":3,"account":"b","ordered":false}
{"kind":"end","at":200}
{"kind":"event","account":"a","id":"e1"}
{"kind":"event","account":"a","id":"e2"}
{"kind":"event","account":"a","id":"e3"}
{"kind":"event","account":"b","id":"e4"}
{"kind":"delivery","event":"e1","hook":0,"state":"delivered","reason":null,"attempts":1}
{"kind":"delivery","event":"e1","hook":1,"state":"delivered","reason":null,"attempts":2}
{"kind":"delivery","event":"e2","hook":0,"state":"delivered","reason":null,"attempts":1}
{"kind":"delivery","event":"e2","hook":1,"state":"delivered","reason":null,"attempts":1}
{"kind":"delivery","event":"e3","hook":0,"state":"delivered","reason":null,"attempts":1}
{"kind":"delivery","event":"e3","hook":1,"state":"delivered","reason":null,"attempts":1}
{"kind":"delivery","event":"e4","hook":2,"state":"delivered","reason":null,"attempts":2}
{"kind":"delivery","event":"e4","hook":3,"state":"delivered","reason":null,"attempts":1}
{"kind":"ledger","account":"a","events":3,"planned":6,"delivered":6,"pending":0,"exhausted":0,"skipped":0,"balanced":true}
{"kind":"ledger","account":"b","events":1,"planned":2,"delivered":2,"pending":0,"exhausted":0,"skipped":0,"balanced":true}
{"kind":"bounds","in_flight":1,"waiting":1,"commit":150,"skew":1,"calm":300,"drained":400,"drain":200}
"#;
    Ledgers::read(clients, &receivers.join("\n"), state).expect("the fixture can be read")
}

/// The violations of a run that was tampered with, by the rule that each breaks.
fn found(tamper: impl FnOnce(&mut Ledgers)) -> Vec<String> {
    let mut ledgers = clean();
    tamper(&mut ledgers);
    let mut rules: Vec<String> = rules::check(&ledgers).iter().map(|it| it[..2].to_owned()).collect();
    rules.dedup();
    rules
}

#[test]
fn a_clean_run_passes() {
    assert_eq!(rules::check(&clean()), Vec::<String>::new());
    let figures = crate::figures::Figures::of(&clean()).to_string();
    assert_eq!(
        figures,
        "3 acked, 1 unanswered (1 of them stored), 11 requests (1 answered badly), 8 delivered, 0 given up, \
         1 duplicates (1 caused by one end, the oldest answered 0 ms before it)"
    );
}

#[test]
fn what_is_lost_is_found() {
    let lost = |all: &mut Ledgers| drop(all.deliveries.remove(0));
    assert_eq!(found(lost), ["I1"]);
    let pending = |all: &mut Ledgers| all.deliveries[0].state = "pending".to_owned();
    assert_eq!(found(pending), ["I1"]);
    let reasonless = |all: &mut Ledgers| all.deliveries[0].state = "skipped".to_owned();
    assert_eq!(found(reasonless), ["I1"]);
    // Counts as delivered, but was never taken.
    let untaken = |all: &mut Ledgers| all.requests.retain(|it| (it.hook, it.number) != (3, 4));
    assert_eq!(found(untaken), ["I1"]);
    let unbalanced = |all: &mut Ledgers| all.balances[0].balanced = false;
    assert_eq!(found(unbalanced), ["I1"]);
    let miscounted = |all: &mut Ledgers| all.balances[1].planned += 1;
    assert_eq!(found(miscounted), ["I1"]);
}

#[test]
fn what_is_made_up_is_found() {
    let never_posted = |all: &mut Ledgers| all.told.retain(|it| it.number != 3);
    assert_eq!(found(never_posted), ["I2", "I6"]);
    let refused = |all: &mut Ledgers| all.told[2].answer = Answer::Refused;
    assert_eq!(found(refused), ["I2"]);
    let twice = |all: &mut Ledgers| all.told[2].id = Some("e9".to_owned());
    assert_eq!(found(twice), ["I2"]);
    let shared = |all: &mut Ledgers| all.told[1].id = Some("e1".to_owned());
    assert_eq!(found(shared), ["I2"]);
    let unknown = |all: &mut Ledgers| {
        all.events.insert("e9".to_owned(), "a".to_owned());
        all.balances[0].events += 1;
    };
    assert_eq!(found(unknown), ["I2"]);
    let unstored = |all: &mut Ledgers| {
        all.events.remove("e3");
        all.deliveries.retain(|it| it.event != "e3");
        let balance = &mut all.balances[0];
        (balance.events, balance.planned, balance.delivered) = (2, 4, 4);
    };
    assert_eq!(found(unstored), ["I2"]);
}

#[test]
fn repeats_that_differ_are_found() {
    fn last(all: &mut Ledgers) -> &mut Request {
        all.requests.iter_mut().rfind(|it| it.id == "e1").expect("it came")
    }
    let other_bytes = |all: &mut Ledgers| last(all).body += "!";
    assert_eq!(found(other_bytes), ["I3"]);
    let earlier = |all: &mut Ledgers| last(all).timestamp -= 2;
    assert_eq!(found(earlier), ["I3"]);
    let forged = |all: &mut Ledgers| all.requests[0].signature = false;
    assert_eq!(found(forged), ["I3"]);
}

#[test]
fn repeats_without_a_cause_are_found() {
    // Its first request was taken, by the same server.
    let again = |all: &mut Ledgers| {
        let first = all.requests.iter_mut().find(|it| it.hook == 2).expect("it came");
        (first.status, first.answered) = (Some(204), Some(345));
    };
    assert_eq!(found(again), ["I4"]);
    let paused = |all: &mut Ledgers| {
        again(all);
        all.pauses.push((340, 345));
    };
    assert_eq!(found(paused), [""; 0]);
    let long_before = |all: &mut Ledgers| all.bounds.commit = 50;
    assert_eq!(found(long_before), ["I4"]);
    let too_many = |all: &mut Ledgers| (all.bounds.in_flight, all.bounds.waiting) = (0, 0);
    assert_eq!(found(too_many), ["I4"]);
}

#[test]
fn attempts_that_are_not_stored_are_found() {
    let unstored = |all: &mut Ledgers| all.deliveries[6].attempts = 1;
    assert_eq!(found(unstored), ["I5"]);
    // The first of these two was cut off by the end of the server.
    let cut = |all: &mut Ledgers| all.deliveries[1].attempts = 1;
    assert_eq!(found(cut), [""; 0]);
    let none = |all: &mut Ledgers| all.deliveries[1].attempts = 0;
    assert_eq!(found(none), ["I5"]);
}

#[test]
fn what_crosses_accounts_is_found() {
    let arrived = |all: &mut Ledgers| {
        let mut foreign = all.requests[0].clone();
        foreign.hook = 3;
        all.requests.push(foreign);
    };
    assert_eq!(found(arrived), ["I6"]);
    let planned = |all: &mut Ledgers| {
        let mut foreign = all.deliveries[0].clone();
        (foreign.hook, foreign.state, foreign.reason) = (3, "skipped".to_owned(), Some("erased".to_owned()));
        all.deliveries.push(foreign);
        (all.balances[1].planned, all.balances[1].skipped) = (3, 1);
    };
    assert_eq!(found(planned), ["I6"]);
}

#[test]
fn a_broken_order_is_found() {
    let swap = |all: &mut Ledgers, hook: usize| {
        let place = |all: &Ledgers, number| {
            all.requests.iter().position(|it| (it.hook, it.number) == (hook, number)).expect("it came")
        };
        let (two, three) = (place(all, 2), place(all, 3));
        let (early, late) = (all.requests[two].arrived, all.requests[three].arrived);
        (all.requests[two].arrived, all.requests[two].answered) = (late, Some(late + 5));
        (all.requests[three].arrived, all.requests[three].answered) = (early, Some(early + 5));
        all.requests.sort_by_key(|request| request.arrived);
    };
    assert_eq!(found(|all| swap(all, 0)), ["I7"]);
    assert_eq!(found(|all| swap(all, 1)), [""; 0], "this hook did not ask for order");
    // It came while the one before was still to be taken.
    let impatient = |all: &mut Ledgers| {
        let two = all.requests.iter_mut().find(|it| (it.hook, it.number) == (0, 2)).expect("it came");
        two.answered = Some(341);
    };
    assert_eq!(found(impatient), ["I7"]);
    let given_up = |all: &mut Ledgers| {
        impatient(all);
        let two =
            all.deliveries.iter_mut().find(|it| (it.hook, it.event.as_str()) == (0, "e2")).expect("planned");
        (two.state, two.reason) = ("exhausted".to_owned(), Some("schedule_ended".to_owned()));
        (all.balances[0].delivered, all.balances[0].exhausted) = (5, 1);
    };
    assert_eq!(found(given_up), [""; 0]);
    // Two that were posted at the same time have no order.
    let at_once = |all: &mut Ledgers| {
        impatient(all);
        all.told[2].began = 25;
    };
    assert_eq!(found(at_once), [""; 0]);
}

#[test]
fn what_drains_too_late_is_found() {
    assert_eq!(found(|all| all.bounds.drained = 501), ["I8"]);
    assert_eq!(found(|all| all.bounds.drained = 345), ["I8"]);
}

#[test]
fn what_is_no_ledger_is_refused() {
    let bounds =
        r#"{"kind":"bounds","in_flight":1,"waiting":1,"commit":1,"skew":1,"calm":1,"drained":1,"drain":1}"#;
    assert!(Ledgers::read("", "", bounds).is_ok());
    assert!(Ledgers::read("", "", "").is_err_and(|error| error.contains("no bounds")));
    assert!(Ledgers::read("{", "", bounds).is_err_and(|error| error.contains("clients, line 1")));
    assert!(Ledgers::read("", "\n{}", bounds).is_err_and(|error| error.contains("receivers, line 2")));
    assert!(
        Ledgers::read("", "", "{\"kind\":\"other\"}").is_err_and(|error| error.contains("state, line 1"))
    );
}
