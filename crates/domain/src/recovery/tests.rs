//! What is asked for, and the pace.

use super::*;
use crate::DeliveryState;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + micros)
}

fn asked() -> NewRecovery {
    let webhook_id = Id::from_parts(1, &[1; 10]);
    NewRecovery { webhook_id, since: at(0), until: None, states: None, rate_per_second: None }
}

fn recovery(rate: u32, total: u32) -> Recovery {
    let new = NewRecovery { rate_per_second: Some(rate), ..asked() };
    let plan = new.check(at(1)).unwrap();
    let last = Some(Id::from_uuid(crate::id::Uuid::max()));
    Recovery::begin(Id::from_parts(2, &[2; 10]), Id::from_parts(3, &[3; 10]), plan, last, total, at(0))
}

fn wait(recovery: &Recovery, now: Timestamp) -> Duration {
    let per_second = recovery.plan.rate_per_second;
    Recovery::wait(Pace { paced_at: recovery.paced_at, active_since: at(0), per_second }, now)
}

fn step(recovery: &Recovery, restarted: u32) -> Step {
    Step { place: recovery.place, restarted, passed_over: 0 }
}

#[test]
fn the_pace_is_kept_and_never_exceeded() {
    for rate in [1, 3, 7, 10, 1_000, 99_999, 100_000] {
        let (mut recovery, mut now, mut restarted) = (recovery(rate, u32::MAX), 0, 0_u64);
        while now < 5_000_000 {
            // Steps that fit no rate.
            now += 77_773;
            let allowed = recovery.allowance(at(now));
            recovery.advance(step(&recovery, allowed), at(now));
            restarted += u64::from(allowed);
            assert_eq!(recovery.allowance(at(now)), 0);
            let most = u64::from(rate) * u64::try_from(now).unwrap() / 1_000_000;
            assert!(
                restarted <= most && restarted + 1 + most / 10_000 >= most,
                "{rate}/s: {restarted} of {most}"
            );
        }
    }
}

#[test]
fn a_long_rest_is_not_made_up_for() {
    let mut recovery = recovery(10, 1_000);
    assert_eq!(recovery.allowance(at(3_600_000_000)), 10);
    recovery.advance(step(&recovery, 4), at(3_600_000_000));
    assert_eq!(recovery.allowance(at(3_600_000_000)), 6);
    assert_eq!(wait(&recovery, at(3_600_000_000)), Duration::ZERO);
    recovery.switch(RecoveryState::Paused, at(3_600_000_000));
    recovery.switch(RecoveryState::Running, at(7_200_000_000));
    assert_eq!(recovery.allowance(at(7_200_000_000)), 0, "resumed, it begins anew");
    assert_eq!(wait(&recovery, at(7_200_000_000)), Duration::from_millis(100));
}

#[test]
fn what_could_not_be_done_while_the_webhook_stood_still_is_not_made_up_for() {
    let mut recovery = recovery(10, 1_000);
    let (now, active_since) = (at(60_050_000), at(60_000_000));
    let pace = Pace { paced_at: recovery.paced_at, active_since, per_second: 10 };
    assert_eq!(Recovery::wait(pace, now), Duration::from_millis(50));
    recovery.rest_until(active_since, now);
    assert_eq!(recovery.allowance(now), 0);
    assert_eq!(recovery.allowance(at(60_100_000)), 1);
    recovery.rest_until(at(99_000_000), at(60_200_000));
    assert_eq!(recovery.allowance(at(60_200_000)), 2, "a state from the future counts for nothing");
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    let mut recovery = recovery(10, 1_000);
    let earlier = at(-3_600_000_000);
    assert_eq!((recovery.allowance(earlier), wait(&recovery, earlier)), (0, Duration::ZERO));
    recovery.advance(step(&recovery, 0), earlier);
    assert_eq!(wait(&recovery, earlier), Duration::from_millis(100));
}

#[test]
fn at_its_end_everything_that_matched_is_accounted_for() {
    let mut recovery = recovery(10, 7);
    let place = recovery.last;
    recovery.advance(Step { place, restarted: 4, passed_over: 1 }, at(1_000_000));
    assert_eq!((recovery.state, recovery.ended_at), (RecoveryState::Done, Some(at(1_000_000))));
    assert_eq!((recovery.restarted, recovery.passed_over), (4, 3));
}

#[test]
fn every_state_reads_back_from_its_name() {
    for state in RecoveryState::ALL {
        assert_eq!(RecoveryState::parse(state.as_str()), Some(state));
    }
    for state in EndState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
        assert!(DeliveryState::ALL.iter().any(|known| known.as_str() == state.as_str()));
    }
}

#[test]
fn what_is_not_said_has_its_default() {
    let plan = asked().check(at(5)).unwrap();
    assert_eq!((plan.until, plan.rate_per_second), (at(5), 10));
    assert_eq!(plan.states, [EndState::Exhausted, EndState::Skipped]);
    let later = NewRecovery { until: Some(at(9)), ..asked() };
    assert_eq!(later.check(at(5)).unwrap().until, at(5), "the future is left out");
    let repeated = vec![EndState::Delivered, EndState::Skipped, EndState::Delivered];
    let plan = NewRecovery { states: Some(repeated), ..asked() }.check(at(5)).unwrap();
    assert_eq!(plan.states, [EndState::Skipped, EndState::Delivered]);
}

#[test]
fn every_wrong_place_is_named() {
    let wrong =
        NewRecovery { until: Some(at(0)), states: Some(Vec::new()), rate_per_second: Some(0), ..asked() };
    let errors = wrong.check(at(5)).unwrap_err().errors;
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/since", "/states", "/rate_per_second"]);
    assert!(asked().check(at(0)).is_err(), "not before now");
    for (rate, good) in [(1, true), (100_000, true), (100_001, false)] {
        let new = NewRecovery { rate_per_second: Some(rate), ..asked() };
        assert_eq!(new.check(at(5)).is_ok(), good, "{rate}");
    }
    let pending = "pending".parse::<EndState>().unwrap_err().to_string();
    assert!(pending.contains("sent anyway"), "{pending}");
}
