//! Every page in every state, to be looked at: empty, one of each thing, many, long names, names from right to left,
//! trouble, forms that were sent wrong, and the doors of those who are not in.
//!
//! `LEADPOST_SHOTS=DIR cargo test -p browser --test dashboard gallery` writes a picture of each into `DIR/gallery`, on a
//! screen in light and in the dark and on a phone, and `index.html`, which shows them side by side. Without a folder
//! nothing is drawn; then a test only sees that each state can be reached and that nobody need scroll sideways, and
//! what is empty, usual or plentiful is left to the crawl, which sees it too.

mod camera;
mod furniture;
mod many;
mod rooms;
mod sheet;
mod trouble;
mod wrong;

use serde_json::json;

use self::{camera::Camera, furniture::Words};
use crate::{
    crawl::WEBHOOKS,
    house::House,
    member::{Hands, Member},
};

/// Whether pictures are to be taken.
fn draws() -> bool {
    browser::shots().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_account_is_shown() {
    if !draws() {
        return;
    }
    let house = House::open().await;
    let owner = Member::arrive(&house, "owner", Hands::Mouse).await;
    let mut camera = Camera::new(&owner, "1-empty");
    camera.visit_all(&rooms::places()).await;
    camera.visit_all(&rooms::forms()).await;
    camera.finish().await;
}

/// A house with one of each thing, so called.
async fn show_things(state: &'static str, words: Words) {
    let house = House::open().await;
    let owner = Member::arrive(&house, "owner", Hands::Mouse).await;
    furniture::furnish(&house, &owner, &words).await;
    let mut camera = Camera::new(&owner, state);
    camera.visit_all(&rooms::places()).await;
    camera.visit_all(&rooms::things(&house).await).await;
    for (page, path, link) in rooms::WINDOWS {
        camera.open(page, path, link).await;
    }
    camera.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_each_thing_is_shown() {
    if draws() {
        show_things("2-one", Words::plain()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_once_is_shown() {
    let house = House::open().await;
    let owner = Member::arrive(&house, "owner", Hands::Mouse).await;
    let mut camera = Camera::new(&owner, "2-one");
    let (webhook, url) = (format!("{WEBHOOKS}/new"), house.receiver.url());
    for (page, path, fields, button, secret) in [
        ("key-made", "/account/keys/new", vec![("Name", "Web shop")], "Make the key", "#key"),
        (
            "member-link",
            "/account/members/new",
            vec![("E-mail", "vera@example.com")],
            "Make the link",
            "#link",
        ),
        ("webhook-created", &webhook, vec![("Name", "CRM"), ("URL", &url)], "Create webhook", "#new-secret"),
    ] {
        owner.goes(path).await;
        for (label, text) in fields {
            owner.fills(label, text).await;
        }
        owner.presses(button).await;
        owner.until(&format!("!!document.querySelector('{secret}')")).await;
        camera.take(page).await;
    }
    camera.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_names_without_a_space_are_shown() {
    show_things("4-long", Words::long()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_right_to_left_are_shown() {
    if draws() {
        show_things("5-right-to-left", Words::arabic()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_things_are_shown() {
    if !draws() {
        return;
    }
    let mut house = House::open().await;
    let owner = Member::arrive(&house, "owner", Hands::Mouse).await;
    many::fill(&mut house).await;
    let mut camera = Camera::new(&owner, "3-many");
    camera.visit_all(&rooms::places()).await;
    let things = rooms::things(&house).await;
    camera.visit_all(&things).await;
    let contact = things.iter().find(|it| it.page == "contact").expect("there are contacts");
    owner.goes(&contact.path).await;
    owner.follows("Compare and merge").await;
    owner.until("location.pathname.endsWith('/merge') && document.readyState === 'complete'").await;
    camera.take("contact-merge-two").await;
    camera.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_shown() {
    let mut house = House::open().await;
    let owner = Member::arrive(&house, "owner", Hands::Mouse).await;
    let shots = trouble::make(&mut house, &owner).await;
    let mut camera = Camera::new(&owner, "6-trouble");
    camera.visit_all(&shots).await;
    camera.finish().await;
    let viewer = Member::arrive(&house, "viewer", Hands::Mouse).await;
    let mut camera = Camera::new(&viewer, "6-trouble-viewer");
    camera.visit_all(&trouble::hidden(&house).await).await;
    camera.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_were_sent_wrong_are_shown() {
    let house = House::open().await;
    let owner = Member::arrive(&house, "owner", Hands::Mouse).await;
    furniture::furnish(&house, &owner, &Words::plain()).await;
    let mut camera = Camera::new(&owner, "7-wrong");
    for it in wrong::forms(&house).await {
        camera.send_wrong(&it).await;
    }
    camera.visit_all(&wrong::questions(&house).await).await;
    camera.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doors_are_shown() {
    let bare = House::bare().await;
    let stranger = Member::stranger(&bare, Hands::Mouse).await;
    let mut camera = Camera::new(&stranger, "8-doors");
    camera.visit("set-up", &bare.set_up_link(), 200).await;
    camera.finish().await;

    let house = House::open().await;
    let stranger = Member::stranger(&house, Hands::Mouse).await;
    let mut camera = Camera::new(&stranger, "8-doors");
    let join = house.invite("operator").await;
    camera.visit("sign-in", "/sign-in?next=%2Fcontacts", 200).await;
    camera.visit("nothing-here", "/no-such-page", 404).await;
    camera.visit("signed-out", "/contacts", 200).await;
    assert_eq!(stranger.see("location.pathname").await, json!("/sign-in"));
    camera.visit("join", &join, 200).await;
    camera.visit("link-that-is-over", &join.replace("lpl_", "lpl_x"), 410).await;
    for it in wrong::doors(&join) {
        camera.send_wrong(&it).await;
    }
    // Every guess takes its time.
    if draws() {
        camera.send_too_often(&wrong::guess()).await;
    }
    stranger.joins(&house, "operator").await;
    camera.visit("not-allowed", "/account/members", 403).await;
    camera.visit("confirm", "/confirm?next=%2Faccount", 200).await;
    camera.finish().await;
}
