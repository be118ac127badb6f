//! Members, the browsers that are known to be theirs, and what is demanded of passwords while several change them.

use app::{AppError, StoreError, Tx, members as people, sessions::Browser};
use domain::{
    Actor, LinkToken, Member, Role,
    samples::{acme, globex},
};
use store::{accounts, members, sessions};
use suite::stores;

use crate::kit::{at, carry_out, conflict, console, id, open, overlap, read, write};

/// A member of the account that tests act in.
pub fn member(number: u32, role: Role) -> Member {
    Member {
        id: id(number),
        account: acme().id,
        email: format!("Zoë.{number}@Example.com"),
        name: format!("Zoë {number}"),
        role,
        created_at: at(number.into()),
        disabled_at: None,
    }
}

/// Stores a member whose address's key is `key` and its number.
pub fn insert(tx: &mut Tx<'_>, member: &Member, number: u32) -> Result<(), StoreError> {
    members::insert(tx, member, &format!("key {number}"), &format!("hash {number}"))
}

fn insert_three(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for (number, role) in [(3, Role::Viewer), (1, Role::Owner), (2, Role::Admin)] {
        insert(tx, &member(number, role), number)?;
    }
    insert(tx, &Member { account: globex().id, ..member(4, Role::Operator) }, 4)
}

#[tokio::test]
async fn members_are_found_by_id_and_by_address() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_three).await;
        let listed = read(&db, |tx| members::list(tx, acme().id)).await;
        let all = [(1, Role::Owner), (2, Role::Admin), (3, Role::Viewer)].map(|(n, role)| member(n, role));
        assert_eq!(listed, all);
        assert_eq!(read(&db, |tx| members::find(tx, acme().id, id(2))).await, Some(all[1].clone()));
        let found = read(&db, |tx| members::find_by_email(tx, "key 2")).await;
        assert_eq!(found, Some((all[1].clone(), "hash 2".to_owned())));
        assert_eq!(read(&db, |tx| members::find_by_email(tx, "KEY 2")).await, None);
        assert_eq!(read(&db, |tx| members::password(tx, acme().id, id(3))).await, Some("hash 3".to_owned()));
        assert_eq!(read(&db, members::count).await, 4);
    }
}

#[tokio::test]
async fn members_change_name_role_password_and_whether_they_may_come_in() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_three).await;
        let after = Member {
            name: "Zoé".into(),
            role: Role::Operator,
            disabled_at: Some(at(50)),
            ..member(2, Role::Admin)
        };
        let wanted = after.clone();
        assert!(write(&db, move |tx| members::update(tx, &wanted)).await);
        assert!(write(&db, |tx| members::set_password(tx, acme().id, id(2), "another")).await);
        let found = read(&db, |tx| members::find_by_email(tx, "key 2")).await;
        assert_eq!(found, Some((after, "another".to_owned())));
        assert!(!write(&db, |tx| members::update(tx, &member(9, Role::Owner))).await);
        assert!(!write(&db, |tx| members::set_password(tx, acme().id, id(9), "x")).await);
        assert_eq!(read(&db, |tx| members::password(tx, acme().id, id(1))).await, Some("hash 1".to_owned()));
    }
}

#[tokio::test]
async fn an_address_is_one_members_in_the_whole_instance() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_three).await;
        let other = Member { account: globex().id, ..member(9, Role::Owner) };
        assert_eq!(conflict(&db, move |tx| insert(tx, &other, 2)).await, "member_email_key_key");
    }
}

#[tokio::test]
async fn a_browser_is_known_until_it_is_forgotten() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_three).await;
        for (member, hash, seen) in [(1, "a", 10), (1, "b", 20), (2, "a", 30), (1, "a", 40)] {
            write(&db, move |tx| members::know_device(tx, acme().id, id(member), hash, at(seen))).await;
        }
        let known = |member, hash: &'static str| {
            read(&db, move |tx| members::knows_device(tx, acme().id, id(member), hash))
        };
        assert_eq!((known(1, "a").await, known(1, "b").await, known(2, "b").await), (true, true, false));
        assert_eq!(write(&db, |tx| members::forget_old_devices(tx, at(30))).await, 1);
        assert_eq!((known(1, "a").await, known(1, "b").await, known(2, "a").await), (true, false, true));
        write(&db, |tx| members::forget_devices(tx, acme().id, id(1))).await;
        assert_eq!((known(1, "a").await, known(2, "a").await), (false, true));
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_changes_no_member() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_three).await;
        write(&db, |tx| members::know_device(tx, acme().id, id(1), "a", at(1))).await;
        let listed = read(&db, |tx| members::list(tx, globex().id)).await;
        assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [id(4)]);
        assert_eq!(read(&db, |tx| members::find(tx, globex().id, id(1))).await, None);
        assert_eq!(read(&db, |tx| members::password(tx, globex().id, id(1))).await, None);
        assert!(!read(&db, |tx| members::knows_device(tx, globex().id, id(1), "a")).await);
        let changed = Member { account: globex().id, role: Role::Viewer, ..member(1, Role::Owner) };
        assert!(!write(&db, move |tx| members::update(tx, &changed)).await);
        assert!(!write(&db, |tx| members::set_password(tx, globex().id, id(1), "x")).await);
        write(&db, |tx| members::forget_devices(tx, globex().id, id(1))).await;
        write(&db, |tx| members::lock(tx, globex().id)).await;
        assert!(read(&db, |tx| members::knows_device(tx, acme().id, id(1), "a")).await);
        let found = read(&db, |tx| members::find_by_email(tx, "key 1")).await;
        assert_eq!(found, Some((member(1, Role::Owner), "hash 1".to_owned())));
    }
}

fn used_up<T: std::fmt::Debug>(result: &Result<T, AppError>) -> bool {
    matches!(result, Err(AppError::Conflict { code: "link_used_up", .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_set_up_at_once_one_does() {
    for store in stores().await {
        // Without the accounts of the samples.
        let (db, _) = store.open().await;
        let links = carry_out(&db, |tx| Ok([people::set_up_link(tx)?, people::set_up_link(tx)?])).await;
        let [one, other] = links.map(|link| link.expect("nobody can sign in yet"));
        let set_up = |link: LinkToken, name: &'static str| {
            move |tx: &mut Tx<'_>| {
                let email = format!("{name}@example.com");
                let first = people::FirstMember { name: name.into(), email, account: "Acme".into() };
                people::set_up(tx, &link, &first, "hash", &Browser::default())
            }
        };
        let (one, other) = overlap(&store, &db, set_up(one, "maya"), set_up(other, "devi")).await;
        assert_ne!(one.is_ok(), other.is_ok(), "on {}", store.engine);
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        assert!(used_up(&lost), "{lost:?}");
        assert_eq!(won.unwrap().member.role, Role::Owner);
        assert_eq!((read(&db, members::count).await, read(&db, accounts::list).await.len()), (1, 1));
        assert!(carry_out(&db, people::set_up_link).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_accept_an_invitation_at_once_one_joins() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let invite = |tx: &mut Tx<'_>| people::invite(tx, &console(), "maya@example.com", Role::Operator);
        let (_, link) = carry_out(&db, invite).await;
        let accept = |link: LinkToken, name: &'static str| {
            move |tx: &mut Tx<'_>| people::accept(tx, &link, name, "hash", &Browser::default())
        };
        let (one, other) = overlap(&store, &db, accept(link.clone(), "Maya"), accept(link, "Mallory")).await;
        assert!(one.is_ok() != other.is_ok() && (used_up(&one) || used_up(&other)), "{one:?} {other:?}");
        assert_eq!(read(&db, members::count).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_invitations_for_one_address_accepted_at_once_one_wins() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let invite = |account| {
            move |tx: &mut Tx<'_>| {
                people::invite(tx, &Actor::Console { account }, "maya@example.com", Role::Admin)
            }
        };
        let (_, here) = carry_out(&db, invite(acme().id)).await;
        let (_, there) = carry_out(&db, invite(globex().id)).await;
        let accept = |link: LinkToken| {
            move |tx: &mut Tx<'_>| people::accept(tx, &link, "Maya", "hash", &Browser::default())
        };
        let (one, other) = overlap(&store, &db, accept(here), accept(there)).await;
        let taken =
            |it: &Result<_, AppError>| matches!(it, Err(AppError::Conflict { code: "email_taken", .. }));
        assert!(one.is_ok() != other.is_ok() && (taken(&one) || taken(&other)), "{one:?} {other:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_who_demote_each_other_leave_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for round in 0..5 {
            let two = move |tx: &mut Tx<'_>| {
                insert(tx, &member(10 * round + 1, Role::Owner), 10 * round + 1)?;
                insert(tx, &member(10 * round + 2, Role::Owner), 10 * round + 2)
            };
            write(&db, two).await;
            let demote = move |by: u32, whom: u32| {
                let actor = Actor::Member { account: acme().id, member: id(by), role: Role::Owner };
                move |tx: &mut Tx<'_>| people::change_role(tx, &actor, id(whom), Role::Viewer)
            };
            let (first, second) = (10 * round + 1, 10 * round + 2);
            let (one, other) = overlap(&store, &db, demote(first, second), demote(second, first)).await;
            let last =
                |it: &Result<_, AppError>| matches!(it, Err(AppError::Conflict { code: "last_owner", .. }));
            assert!(one.is_ok() != other.is_ok() && (last(&one) || last(&other)), "{one:?} {other:?}");
            let owners = |members: Vec<Member>| members.into_iter().filter(|it| it.role == Role::Owner);
            let left: Vec<_> = owners(read(&db, |tx| members::list(tx, acme().id)).await).collect();
            assert_eq!(left.len(), 1, "on {}", store.engine);
            // The last owner would stand in the next round's way.
            let gone = Member { role: Role::Viewer, ..left[0].clone() };
            write(&db, move |tx| members::update(tx, &gone)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_new_password_is_used_once_and_ends_every_session() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| insert(tx, &member(1, Role::Owner), 1)).await;
        let session = super::sessions::session(1, 1);
        write(&db, move |tx| sessions::insert(tx, &session, "token")).await;
        let (_, link) = carry_out(&db, |tx| people::reset_link(tx, &console(), id(1))).await;
        let reset = |link: LinkToken, hash: &'static str| {
            move |tx: &mut Tx<'_>| people::reset_password(tx, &link, hash, &Browser::default())
        };
        let (one, other) = overlap(&store, &db, reset(link.clone(), "new"), reset(link, "newer")).await;
        assert!(one.is_ok() != other.is_ok() && (used_up(&one) || used_up(&other)), "{one:?} {other:?}");
        let hash = if one.is_ok() { "new" } else { "newer" };
        assert_eq!(read(&db, |tx| members::password(tx, acme().id, id(1))).await.as_deref(), Some(hash));
        assert_eq!(read(&db, |tx| sessions::find(tx, "token")).await, None);
    }
}
