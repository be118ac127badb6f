//! Proof by the kernel's own account that a 202 is told only when the event is on disk.

use std::{fs, path::Path, time::Duration};

use domain::Secret;
use serde_json::json;
use suite::{TestStore, store::skipped};
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

use crate::{
    child::{POLL, Place, Server, make_key, serve},
    scene::make_webhook,
    trace,
    wire::Client,
};

/// What [`trace::read`] needs to see.
pub const CALLS: &str = "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg";

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_202_is_told_after_an_fsync_of_what_it_promises() {
    if !can_trace().await {
        return skipped(
            "strace",
            "it is not there, or may not trace; that a 202 comes after its fsync was not seen",
        );
    }
    let store = TestStore::sqlite();
    let (place, file) = (Place::of(&store), store.folder().join("trace"));
    let key = make_key(&place, "admin").await;
    let (server, address) = Server::start(under_strace(serve(&place, &[]), &file, &["-e", CALLS])).await;
    let mut client = Client::new(address, &key);
    // Deliveries are planned but not made, so that nothing but acceptances is written.
    let secret = Secret::from_bytes(&[7; 32]);
    let webhook = make_webhook(&mut client, "http://127.0.0.1:65000/", &secret, json!({})).await;
    client.post(&format!("/webhooks/{webhook}/pause"), "", 200).await;
    let body = json!({"type": "Chat Transcript", "data": {"chat_transcript": ""}});
    client.post("/events", &body.to_string(), 202).await;
    let body = json!({"type": "Contact Information", "data": {"name": "N", "email": null, "phone": null}});
    for _ in 1..50 {
        let accepted = client.post("/events", &body.to_string(), 202).await;
        assert_eq!(accepted["deliveries"], 1);
    }
    let (status, _) = server.stop().await;
    assert!(status.success(), "{status}");
    let trace = whole(&file).await;
    match trace::read(&trace) {
        Ok(told) => assert_eq!(told, 50, "202s seen by strace"),
        Err(faults) => panic!("told before they were on disk: {faults:#?}"),
    }
    let syncs = trace.matches("sync(").count();
    println!("strace: 50 times 202, each after an fsync of the log; {syncs} fsyncs in all");
}

/// Whether there is a strace that works.
pub async fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output().await;
    tried.is_ok_and(|output| output.status.success())
}

/// The same command, traced into `file` as `more` says. It stays our own child: strace is its child instead (`-D`).
pub fn under_strace(command: Command, file: &Path, more: &[&str]) -> Command {
    let inner = command.as_std();
    let mut outer = Command::new("strace");
    outer.args(["-D", "-f", "-y", "-ttt", "-s", "32"]).args(more);
    outer.arg("-o").arg(file);
    outer.arg(inner.get_program()).args(inner.get_args());
    outer.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.kill_on_drop(true);
    outer
}

/// The trace, once it is all written.
pub async fn whole(file: &Path) -> String {
    let ended = async {
        loop {
            let trace = fs::read_to_string(file).unwrap_or_default();
            if trace.ends_with("+++ exited with 0 +++\n") {
                return trace;
            }
            sleep(POLL).await;
        }
    };
    timeout(Duration::from_secs(20), ended).await.expect("strace ends with its process")
}
