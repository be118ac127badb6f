//! What was done: added, read, and never changed.

use app::{AppError, StoreError, Tx, contacts};
use domain::{
    AuditEntry, Contact, Id,
    id::Uuid,
    samples::{acme, globex},
};
use store::audit;
use suite::stores;

use crate::kit::{at, carry_out, console, id, open, read, write};

fn entry(number: u32, action: &str) -> AuditEntry {
    AuditEntry {
        id: id(number),
        account: acme().id,
        at: at(number.into()),
        actor: "member",
        actor_id: Some(Uuid::nil()),
        actor_name: "Zoë".into(),
        action: action.into(),
        subject: Some("whk_1".into()),
        detail: Some("name, url".into()),
        address: Some("2001:db8::7".into()),
    }
}

fn insert_all(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for number in 1..=5 {
        let action = if number % 2 == 0 { "webhook.changed" } else { "key.created" };
        audit::insert(tx, &entry(number, action))?;
    }
    let bare = AuditEntry {
        actor: "console",
        actor_id: None,
        subject: None,
        detail: None,
        address: None,
        ..entry(6, "key.revoked")
    };
    audit::insert(tx, &bare)
}

#[tokio::test]
async fn entries_are_listed_newest_first_page_by_page_and_by_action() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        let list = |action: Option<&'static str>, before: Id<AuditEntry>, limit| {
            read(&db, move |tx| audit::list(tx, acme().id, action, before, limit))
        };
        let numbers = |entries: Vec<AuditEntry>| entries.into_iter().map(|it| it.id).collect::<Vec<_>>();
        let newest = Id::from_uuid(Uuid::max());
        assert_eq!(numbers(list(None, newest, 2).await), [id(6), id(5)]);
        assert_eq!(numbers(list(None, id(5), 10).await), [4, 3, 2, 1].map(id));
        let changed = list(Some("webhook.changed"), newest, 10).await;
        assert_eq!(changed, [entry(4, "webhook.changed"), entry(2, "webhook.changed")]);
        let bare = &list(Some("key.revoked"), newest, 1).await[0];
        assert_eq!(
            (bare.actor, bare.actor_id, &bare.subject, &bare.address),
            ("console", None, &None, &None)
        );
        assert_eq!(list(Some("key"), newest, 10).await, []);
    }
}

#[tokio::test]
async fn the_receipt_of_an_erasure_is_found_however_much_was_done_since() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let fill = |tx: &mut Tx<'_>| {
            for number in 1..=600 {
                let subject = Some(id::<Contact>(number).to_string());
                audit::insert(tx, &AuditEntry { subject, ..entry(number, "contact.erased") })?;
            }
            let subject = Some(id::<Contact>(7).to_string());
            audit::insert(tx, &AuditEntry { subject, ..entry(601, "contact.changed") })
        };
        write(&db, fill).await;
        for number in [1, 7, 600] {
            let found = carry_out(&db, move |tx| contacts::receipt(tx, &console(), id(number))).await;
            assert_eq!((found.id, found.action.as_str()), (id(number), "contact.erased"));
        }
        let missing = db.read(move |tx| contacts::receipt(tx, &console(), id(601))).await;
        assert!(matches!(missing, Err(AppError::NotFound)), "{missing:?}");
        assert_eq!(read(&db, move |tx| audit::erasure(tx, globex().id, id(7))).await, None);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_no_entry() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        let newest = Id::from_uuid(Uuid::max());
        assert_eq!(read(&db, move |tx| audit::list(tx, globex().id, None, newest, 10)).await, []);
        let changed = Some("webhook.changed");
        assert_eq!(read(&db, move |tx| audit::list(tx, globex().id, changed, newest, 10)).await, []);
    }
}

#[test]
fn no_statement_of_the_store_removes_an_entry_or_changes_more_than_it_forgets() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/store/src");
    let (mut seen, mut forgetting) = (0, 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        seen += usize::from(text.contains("insert into audit"));
        let changing = text.matches("update audit").count();
        let addresses = "update audit set address = null, detail = case action when 'member.invited' then null \
            else detail end where account_id";
        assert_eq!(changing, text.matches(addresses).count(), "{}", path.display());
        forgetting += changing;
        for wrong in
            ["delete from audit", "drop table audit", "on conflict (account_id, id) do update set at"]
        {
            assert!(!text.contains(wrong), "{}: {wrong}", path.display());
        }
    }
    assert_eq!((seen, forgetting), (1, 1), "entries are added in one place, and addresses forgotten in one");
}
