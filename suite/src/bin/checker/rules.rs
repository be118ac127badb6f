//! The eight invariants.
//!
//! - I1: whatever was acknowledged is delivered, or ended with a reason, at every hook of its account; nothing is
//!   pending in the end, and the server's own ledger says the same.
//! - I2: nothing is made up: whatever arrived or is stored was posted, and each post became one event.
//! - I3: repeats at a hook carry the same bytes, a good signature, and no earlier timestamp.
//! - I4: what a receiver has taken comes again only if a server's end or a pause lay between, and not too often.
//! - I5: every attempt that was seen is stored, but for those that an end has cut off.
//! - I6: nothing crosses from one account to another.
//! - I7: a hook that keeps order gets the events of a conversation one after the other, each when the one before was
//!   taken; what was given up with a reason holds up nothing.
//! - I8: when the faults are over, everything drains in time.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::ledgers::{Answer, Delivery, Ledgers, Request, Told};

/// All violations, in words.
pub fn check(ledgers: &Ledgers) -> Vec<String> {
    let rules = [nothing_lost, nothing_made_up, repeats_are_the_same, repeats_have_a_cause];
    let more = [attempts_are_stored, accounts_are_apart, order_is_kept, all_drains];
    let mut violations = Vec::new();
    rules.iter().chain(&more).for_each(|rule| rule(ledgers, &mut violations));
    violations
}

fn nothing_lost(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    let stored: HashMap<(usize, &str), &Delivery> =
        ledgers.deliveries.iter().map(|it| ((it.hook, it.event.as_str()), it)).collect();
    let by_delivery = ledgers.by_delivery();
    for told in ledgers.told.iter().filter(|told| told.answer == Answer::Acked) {
        let id = told.id.as_deref().unwrap_or_default();
        for (hook, _) in ledgers.hooks.iter().filter(|(_, hook)| hook.account == told.account) {
            if !stored.contains_key(&(*hook, id)) {
                wrong.push(format!("I1: event {} ({id}) has no delivery to hook {hook}", told.number));
            }
        }
    }
    for delivery in &ledgers.deliveries {
        let Delivery { event, hook, state, reason, .. } = delivery;
        let requests = by_delivery.get(&(*hook, event.as_str()));
        match state.as_str() {
            "delivered" => {
                if !requests.is_some_and(|requests| requests.iter().any(|request| request.is_taken())) {
                    wrong.push(format!("I1: {event} counts as delivered, but hook {hook} never took it"));
                }
            }
            "pending" => wrong.push(format!("I1: {event} is still pending for hook {hook}")),
            "exhausted" | "skipped" if reason.as_ref().is_none_or(String::is_empty) => {
                wrong.push(format!("I1: {event} is {state} for hook {hook} without a reason"));
            }
            "exhausted" | "skipped" => {}
            other => wrong.push(format!("I1: {event} is in no known state: {other}")),
        }
    }
    balances_agree(ledgers, wrong);
}

/// What the server counts is what it lists.
fn balances_agree(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    for balance in &ledgers.balances {
        let account = &balance.account;
        let hook_is_own =
            |it: &&Delivery| ledgers.hooks.get(&it.hook).is_some_and(|hook| hook.account == *account);
        let listed = |state: &str| {
            ledgers
                .deliveries
                .iter()
                .filter(hook_is_own)
                .filter(|it| state.is_empty() || it.state == state)
                .count()
        };
        let pairs = [
            ("planned", balance.planned, listed("")),
            ("delivered", balance.delivered, listed("delivered")),
            ("pending", balance.pending, listed("pending")),
            ("exhausted", balance.exhausted, listed("exhausted")),
            ("skipped", balance.skipped, listed("skipped")),
            ("events", balance.events, ledgers.events.values().filter(|owner| *owner == account).count()),
        ];
        for (name, counted, listed) in pairs.iter().filter(|(_, counted, listed)| counted != listed) {
            wrong.push(format!("I1: the ledger of {account} counts {counted} {name}, listed are {listed}"));
        }
        if !balance.balanced {
            wrong.push(format!("I1: the ledger of {account} does not balance"));
        }
    }
}

fn nothing_made_up(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    let told: HashMap<u64, &Told> = ledgers.told.iter().map(|told| (told.number, told)).collect();
    let mut became: HashMap<u64, &str> = HashMap::new();
    let mut numbers: HashMap<&str, u64> = HashMap::new();
    for told in &ledgers.told {
        if let Some(id) = &told.id {
            became.insert(told.number, id);
            if let Some(other) = numbers.insert(id, told.number) {
                wrong.push(format!("I2: {id} was given to the events {other} and {}", told.number));
            }
        }
    }
    for Request { number, id, hook, .. } in &ledgers.requests {
        match told.get(number) {
            None => {
                wrong.push(format!("I2: {id} arrived at hook {hook}, but event {number} was never posted"));
            }
            Some(told) if told.answer == Answer::Refused => {
                wrong.push(format!("I2: {id} arrived at hook {hook}, but event {number} was refused"));
            }
            Some(_) => {}
        }
        if *became.entry(*number).or_insert(id) != id {
            wrong.push(format!("I2: event {number} became {} and {id}", became[number]));
        }
        if !ledgers.events.contains_key(id) {
            wrong.push(format!("I2: {id} arrived at hook {hook}, but is not stored"));
        }
        numbers.entry(id).or_insert(*number);
    }
    for id in ledgers.events.keys().filter(|id| !numbers.contains_key(id.as_str())) {
        wrong.push(format!("I2: {id} is stored, but nobody has posted it"));
    }
}

fn repeats_are_the_same(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    for request in ledgers.requests.iter().filter(|request| !request.signature) {
        wrong.push(format!("I3: the signature of {} at hook {} is wrong", request.id, request.hook));
    }
    for ((hook, id), requests) in ledgers.by_delivery() {
        for pair in requests.windows(2) {
            if pair[0].body != pair[1].body {
                wrong.push(format!("I3: {id} came to hook {hook} again with other bytes"));
            }
            if pair[0].timestamp - ledgers.bounds.skew > pair[1].timestamp {
                wrong.push(format!("I3: {id} came to hook {hook} again with an earlier timestamp"));
            }
        }
    }
}

fn repeats_have_a_cause(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    let mut by_fault: BTreeMap<usize, usize> = BTreeMap::new();
    for ((hook, id), requests) in ledgers.by_delivery() {
        for pair in requests.windows(2).filter(|pair| pair[0].is_taken()) {
            let Some(fault) = ledgers.fault_between(pair[0], pair[1]) else {
                wrong.push(format!("I4: hook {hook} had taken {id} and got it again, without any fault"));
                continue;
            };
            *by_fault.entry(fault).or_default() += 1;
            let (end, answered) = (ledgers.ends.get(fault), pair[0].answered.unwrap_or_default());
            if end.is_some_and(|end| end.saturating_sub(answered) > ledgers.bounds.commit) {
                wrong.push(format!("I4: hook {hook} had taken {id} long before the end that lost that"));
            }
        }
    }
    for (fault, count) in by_fault {
        let most = ledgers.bounds.in_flight + ledgers.bounds.waiting;
        if count > most {
            wrong.push(format!("I4: fault {fault} caused {count} duplicates, {most} can be under way"));
        }
    }
}

fn attempts_are_stored(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    let by_delivery = ledgers.by_delivery();
    for Delivery { event, hook, attempts, .. } in &ledgers.deliveries {
        let requests = by_delivery.get(&(*hook, event.as_str())).map_or(&[][..], Vec::as_slice);
        // A server that stood still stores late what it did, but stores it. What a receiver cuts on a kept connection is
        // sent once more within the same attempt.
        let is_cut = |pair: &&[&Request]| {
            pair[0].generation < pair[1].generation || pair[0].status == Some(Request::CUT)
        };
        let cut = requests.windows(2).filter(is_cut).count();
        if attempts + cut < requests.len() {
            let seen = requests.len();
            wrong.push(format!(
                "I5: hook {hook} saw {seen} attempts of {event}, {cut} may have been cut off, stored are {attempts}"
            ));
        }
    }
}

fn accounts_are_apart(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    let owner: HashMap<u64, &str> =
        ledgers.told.iter().map(|told| (told.number, told.account.as_str())).collect();
    let of_hook = |hook: &usize| ledgers.hooks.get(hook).map_or("nobody", |hook| hook.account.as_str());
    for Request { hook, id, number, .. } in &ledgers.requests {
        let owner = owner.get(number).copied().unwrap_or("nobody");
        if owner != of_hook(hook) {
            wrong.push(format!("I6: {id} of {owner} came to hook {hook} of {}", of_hook(hook)));
        }
    }
    for Delivery { event, hook, .. } in &ledgers.deliveries {
        let owner = ledgers.events.get(event).map_or("nobody", String::as_str);
        if owner != of_hook(hook) {
            wrong.push(format!("I6: {event} of {owner} is planned for hook {hook} of {}", of_hook(hook)));
        }
    }
}

fn order_is_kept(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    let mut conversations: BTreeMap<(&str, &str), Vec<&Told>> = BTreeMap::new();
    for told in &ledgers.told {
        if let Some(conversation) = &told.conversation {
            conversations.entry((&told.account, conversation)).or_default().push(told);
        }
    }
    let mut requests: HashMap<(usize, u64), Vec<&Request>> = HashMap::new();
    for request in &ledgers.requests {
        requests.entry((request.hook, request.number)).or_default().push(request);
    }
    let given_up: HashSet<(usize, &str)> = ledgers
        .deliveries
        .iter()
        .filter(|it| it.state == "exhausted" || it.state == "skipped")
        .map(|it| (it.hook, it.event.as_str()))
        .collect();
    for ((account, conversation), mut events) in conversations {
        events.sort_by_key(|told| told.began);
        let own = |hook: &&usize| ledgers.hooks[hook].ordered && ledgers.hooks[hook].account == account;
        for hook in ledgers.hooks.keys().filter(own) {
            // What never came needs no place; whether that is right is for I1 to say.
            let came = events.iter().filter_map(|told| Some((told, requests.get(&(*hook, told.number))?)));
            let came: Vec<_> =
                came.filter(|(_, requests)| !given_up.contains(&(*hook, requests[0].id.as_str()))).collect();
            for pair in came.windows(2) {
                let ((before, earlier), (after, later)) = (pair[0], pair[1]);
                let taken = earlier.iter().find(|it| it.is_taken()).and_then(|it| it.answered);
                let accepted_before = before.ended <= after.began;
                if accepted_before && taken.is_none_or(|taken| taken > later[0].arrived) {
                    wrong.push(format!(
                        "I7: event {} of {conversation} came to hook {hook} before it had taken event {}",
                        after.number, before.number
                    ));
                }
            }
        }
    }
}

fn all_drains(ledgers: &Ledgers, wrong: &mut Vec<String>) {
    let bounds = &ledgers.bounds;
    let took = bounds.drained.saturating_sub(bounds.calm);
    if took > bounds.drain {
        let seconds = |micros| micros / 1_000_000;
        wrong.push(format!(
            "I8: it took {} s to drain, {} s are allowed",
            seconds(took),
            seconds(bounds.drain)
        ));
    }
    if let Some(late) = ledgers.requests.iter().find(|it| it.arrived > bounds.drained) {
        wrong.push(format!("I8: {} came to hook {} after all had drained", late.id, late.hook));
    }
}
