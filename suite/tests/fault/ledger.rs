//! A ledger that was tampered with says so.

use std::process::Output;

use domain::Secret;
use serde_json::json;
use suite::stores;
use tokio::time::sleep;

use crate::{
    child::{POLL, Place, Server, about, make_key, output, serve},
    inbox::Inbox,
    scene::make_webhook,
    wire::Client,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_deleted_by_hand_is_missed_by_the_ledger_and_by_its_command() {
    for store in stores().await {
        let (place, secret) = (Place::of(&store), Secret::from_bytes(&[7; 32]));
        let key = make_key(&place, "admin").await;
        let inbox = Inbox::start(&secret, (0, 1)).await;
        let (server, address) = Server::start(serve(&place, &[])).await;
        let mut client = Client::new(address, &key);
        make_webhook(&mut client, &inbox.url(0), &secret, json!({})).await;
        for number in 0..10 {
            let data = json!({"name": null, "email": null, "phone": null, "number": number});
            let event = json!({"type": "Contact Information", "data": data});
            client.post("/events", &event.to_string(), 202).await;
        }
        while client.get("/ledger").await["delivered"] != 10 {
            sleep(POLL).await;
        }
        let intact = verify(&place).await;
        assert_eq!(intact.status.code(), Some(0), "{intact:?}");
        assert_eq!(client.get("/ledger").await["balanced"], true);

        let sql = "delete from delivery where id = (select id from delivery order by id limit 1)";
        store.sabotage(sql, sql).await;
        let ledger = client.get("/ledger").await;
        assert_eq!((&ledger["balanced"], &ledger["planned"]), (&json!(false), &json!(10)), "{ledger}");
        let tampered = verify(&place).await;
        assert_eq!(tampered.status.code(), Some(1), "{tampered:?}");
        let doctor = output(about(&place, &["doctor"])).await;
        assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
        server.kill().await;
        assert_eq!(verify(&place).await.status.code(), Some(1), "without a server, too");
    }
}

async fn verify(place: &Place) -> Output {
    output(about(place, &["ledger", "--verify"])).await
}
