//! A search that one look of the server does not finish goes on by itself.

use serde_json::json;

use crate::{
    house::House,
    member::{Hands, Member},
};

/// So many events, of so many bytes each, take longer to look through than a page looks.
const EVENTS: usize = 1_000;
const BYTES: usize = 30_000;

#[tokio::test]
async fn a_search_goes_on_until_it_has_found_what_is_old() {
    let house = House::open().await;
    let filler = "lorem ipsum dolor sit amet ".repeat(BYTES / 27);
    for first in (0..EVENTS).step_by(100) {
        let event = |number: usize| {
            let name = match number {
                0 => "Ada Lovelace, the first",
                _ if number == EVENTS - 1 => "Ada Lovelace, the last",
                _ => "Somebody",
            };
            json!({"type": "Contact Information", "data": {"name": name, "email": null, "phone": null, "note": filler}})
        };
        let events: Vec<_> = (first..first + 100).map(event).collect();
        house.post("/events/batch", json!({ "events": events })).await;
    }
    let devi = Member::arrive(&house, "admin", Hands::Mouse).await;
    let search = "/analytics/events?q=lovelace";
    devi.goes("/analytics").await;
    let look = format!("fetch('{search}').then((it) => it.text()).then((it) => it.includes('data-further'))");
    assert_eq!(devi.see(&look).await, json!(true), "one look finds it all: post more");
    devi.goes(search).await;
    devi.until("!document.querySelector('#events').matches('[data-further]')").await;
    let seen = devi.see(
        "[...document.querySelectorAll('#events [data-rows] tr')].map((it) => it.textContent.match(/the \\w+/)[0])",
    );
    assert_eq!(seen.await, json!(["the last", "the first"]));
    let looked =
        devi.see("document.querySelector('#events .looked').textContent.includes('1,000 looked at')");
    assert_eq!(looked.await, json!(true));
    devi.until("document.querySelector('#status').textContent === '2 found'").await;
}
