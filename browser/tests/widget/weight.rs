//! What the widget costs a page before anybody wants it.

use serde_json::{Value, json};

use crate::arrive;

/// Everything of a kind that the browser noted since the page began.
const NOTED: &str = "(() => { const noted = {}; for (const type of ['longtask', 'layout-shift']) { \
    const watcher = new PerformanceObserver(() => {}); watcher.observe({type, buffered: true}); \
    noted[type] = watcher.takeRecords().map((entry) => entry.duration || entry.value); } return noted; })()";

/// What was loaded beside the page itself.
const REQUESTS: &str = "performance.getEntriesByType('resource') \
    .filter((entry) => !entry.name.startsWith(location.origin)) \
    .map((entry) => ({path: new URL(entry.name).pathname, sent: entry.transferSize, gzip: entry.encodedBodySize, \
    plain: entry.decodedBodySize}))";

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_widget_costs_one_small_request_and_nothing_else() {
    let (double, person) = arrive("").await;
    let rest = async || {
        // Time enough for whatever a page does by itself.
        person.run("window.idle = 0; setTimeout(() => { window.idle = 1; }, 1500)").await;
        person.until("window.idle === 1").await;
    };
    rest().await;
    let requests = person.see(REQUESTS).await;
    let mut noted = person.see(NOTED).await;
    // A machine with other work to do makes long tasks of its own, now and then; the widget's would be there each time.
    for _ in 0..5 {
        if noted["longtask"] == json!([]) {
            break;
        }
        person.reload().await;
        rest().await;
        noted = person.see(NOTED).await;
    }
    println!("first load: {requests} noted: {noted}");
    assert_eq!(requests.as_array().map(Vec::len), Some(1), "{requests}");
    assert_eq!(requests[0]["path"], "/widget.js");
    assert!(requests[0]["gzip"].as_u64().is_some_and(|bytes| 0 < bytes && bytes <= 10_240), "{requests}");
    assert_eq!(noted, json!({"longtask": [], "layout-shift": []}));
    assert_eq!(double.call_count(), 0);
    assert_eq!(person.see("localStorage.length + sessionStorage.length").await, 0);
    person.photograph("closed").await;

    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    println!("first opening: {}", person.see(NOTED).await);
    assert_eq!(person.see(NOTED).await["layout-shift"], Value::Array(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_no_consent_beyond_its_policy_and_no_preflight() {
    let (double, person) = arrive("").await;
    person.run("window.refused = []; addEventListener('securitypolicyviolation', (event) => refused.push(event.blockedURI))").await;
    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    person.click(".tray .chip").await;
    person.reads(crate::WHERE).await;
    assert_eq!(person.see("window.refused").await, json!([]));
    assert_eq!(double.calls("OPTIONS"), Vec::<Value>::new());
}
