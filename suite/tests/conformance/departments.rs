//! Departments, and which operators are there.

use std::time::Duration;

use app::Tx;
use domain::{
    Department, Id,
    samples::{acme, department, globex},
};
use store::departments::{self, Present};
use suite::stores;

use crate::kit::{at, conflict, id, open, read, write};

async fn insert(db: &app::Db, department: &Department) -> bool {
    let department = department.clone();
    write(db, move |tx| departments::insert(tx, &department)).await
}

async fn list(db: &app::Db) -> Vec<Department> {
    read(db, |tx| departments::list(tx, acme().id)).await
}

#[tokio::test]
async fn a_department_comes_back_as_it_was_stored_and_as_it_was_changed() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let sales = department(id(1), "Sales");
        assert!(insert(&db, &sales).await);
        assert_eq!(read(&db, |tx| departments::find(tx, acme().id, id(1))).await, Some(sales.clone()));
        let changed = Department {
            name: "Vertrieb".into(),
            email: Some("sales@example.com".into()),
            disabled: true,
            transfer: Some((id(2), Duration::from_secs(30))),
            ..sales
        };
        let expected = changed.clone();
        assert!(write(&db, move |tx| departments::update(tx, &changed)).await);
        let by_name = read(&db, |tx| departments::find_by_name(tx, acme().id, "Vertrieb")).await;
        assert_eq!(by_name, Some(expected));
        assert_eq!(read(&db, |tx| departments::find_by_name(tx, acme().id, "Sales")).await, None);
    }
}

#[tokio::test]
async fn a_name_is_one_of_a_kind_in_its_account() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert!(insert(&db, &department(id(1), "Sales")).await);
        assert!(!insert(&db, &department(id(2), "Sales")).await);
        assert!(insert(&db, &department(id(3), "sales")).await, "another spelling is another name");
        let foreign = Department { account: globex().id, ..department(id(4), "Sales") };
        assert!(insert(&db, &foreign).await, "{}", store.engine);
        let rename = |tx: &mut Tx<'_>| departments::update(tx, &department(id(3), "Sales")).map(drop);
        assert_eq!(conflict(&db, rename).await, "department_account_id_name_key");
    }
}

#[tokio::test]
async fn departments_are_listed_oldest_first() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for (number, name) in [(2, "A"), (3, "B"), (1, "C")] {
            insert(&db, &department(id(number), name)).await;
        }
        let names: Vec<_> = list(&db).await.into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["C", "A", "B"], "{}", store.engine);
    }
}

#[tokio::test]
async fn a_deleted_department_gets_no_transfers_any_more_and_a_built_in_one_stays() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let after = Duration::from_secs(30);
        let built_in = Department { built_in: true, ..department(id(1), "Sales") };
        insert(&db, &built_in).await;
        insert(&db, &department(id(2), "Nights")).await;
        insert(&db, &Department { transfer: Some((id(2), after)), ..department(id(3), "Days") }).await;
        insert(&db, &Department { transfer: Some((id(1), after)), ..department(id(4), "Weekends") }).await;
        let delete = |number| write(&db, move |tx| departments::delete(tx, acme().id, id(number)));
        assert!(!delete(1).await);
        assert!(delete(2).await);
        assert!(!delete(2).await, "it is gone already");
        let kept: Vec<_> = list(&db).await.into_iter().map(|it| (it.id, it.transfer)).collect();
        assert_eq!(kept, [(id(1), None), (id(3), None), (id(4), Some((id(1), after)))]);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_changes_no_department() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(
            &db,
            &Department { transfer: Some((id(9), Duration::from_secs(9))), ..department(id(1), "Days") },
        )
        .await;
        insert(&db, &Department { account: globex().id, ..department(id(9), "Nights") }).await;
        let other = globex().id;
        let seen = move |tx: &mut Tx<'_>| {
            assert_eq!(departments::find(tx, other, id(1))?, None);
            assert_eq!(departments::find_by_name(tx, other, "Days")?, None);
            assert!(!departments::update(tx, &Department { account: other, ..department(id(1), "X") })?);
            assert!(!departments::delete(tx, other, id(1))?);
            assert!(departments::delete(tx, other, id(9))?);
            departments::list(tx, other)
        };
        assert_eq!(write(&db, seen).await, []);
        let [intact] = list(&db).await.try_into().expect("it is there");
        assert_eq!((intact.name.as_str(), intact.transfer.is_some()), ("Days", true));
    }
}

fn present(number: u32, until: u64) -> Present {
    let departments = (1..=number).map(id).collect();
    let operator = id::<Department>(number).uuid();
    Present { operator, name: format!("Omar {number}"), departments, until: at(until) }
}

#[tokio::test]
async fn operators_are_there_until_they_do_not_say_so_again() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for (number, until) in [(2, 60), (0, 60), (1, 30)] {
            write(&db, move |tx| departments::set_present(tx, acme().id, &present(number, until))).await;
        }
        let at_second = |second| read(&db, move |tx| departments::present(tx, acme().id, at(second)));
        assert_eq!(at_second(29).await, [present(0, 60), present(1, 30), present(2, 60)]);
        assert_eq!(at_second(30).await, [present(0, 60), present(2, 60)], "{}", store.engine);
        let again = Present { name: "Omar".into(), departments: Vec::new(), ..present(1, 90) };
        let said = again.clone();
        write(&db, move |tx| departments::set_present(tx, acme().id, &said)).await;
        assert_eq!(at_second(60).await, [again]);
        assert_eq!(read(&db, |tx| departments::present(tx, globex().id, at(1))).await, []);
    }
}

#[tokio::test]
async fn who_leaves_is_gone_at_once_and_who_was_not_there_is_forgotten() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in 0..3 {
            let here = present(number, 10 * u64::from(number + 1));
            write(&db, move |tx| departments::set_present(tx, acme().id, &here)).await;
        }
        let leaves = present(2, 30).operator;
        write(&db, move |tx| departments::set_absent(tx, globex().id, leaves)).await;
        let there = || read(&db, |tx| departments::present(tx, acme().id, at(0)));
        assert_eq!(there().await.len(), 3, "a foreign account sends nobody away");
        write(&db, move |tx| departments::set_absent(tx, acme().id, leaves)).await;
        assert_eq!(there().await, [present(0, 10), present(1, 20)]);
        let forgotten = |second| write(&db, move |tx| departments::forget_absent(tx, at(second)));
        assert_eq!((forgotten(9).await, forgotten(10).await, forgotten(10).await), (0, 1, 0));
        assert_eq!(there().await, [present(1, 20)], "{}", store.engine);
        let ids: Vec<Id<Department>> = there().await.remove(0).departments;
        assert_eq!(ids, [id(1)]);
    }
}
