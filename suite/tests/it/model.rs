//! The delivery law against a model of it: random histories of posts, attempts that end in every way, deaths of the node,
//! pauses, holds, resends and waiting, each step compared with what a second, plainer telling of the law expects.
//!
//! The store and the use cases are the real ones; the network and the time are the test's. A failing history is shrunk
//! to the shortest that fails. `PROPTEST_CASES` above 256 tries more in proportion.

mod expect;
mod law;
mod world;

use proptest::{prelude::*, test_runner::Config};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use suite::store;

use world::{How, World};

/// One thing that happens. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
pub enum Step {
    /// An event of that conversation is accepted.
    Post(Option<u8>),
    /// The node starts what is due first of that webhook.
    Start(u8),
    /// The attempt that was started at that place ends.
    End(u8, How),
    /// The receiver of that webhook fails again and again.
    Trouble(u8),
    /// The node dies and another takes over; attempts may still end under the former's lease.
    Die,
    /// Time passes, in seconds.
    Wait(u32),
    /// Somebody changes the state of that webhook.
    Pause(u8),
    Resume(u8),
    Disable(u8),
    /// Somebody sends a delivery again.
    Resend(u8),
    /// The chores run.
    Chores,
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        6 => Just(How::Answered(200)),
        5 => Just(How::Answered(500)),
        2 => Just(How::Answered(503)),
        1 => (0u32..200_000).prop_map(How::AsksForPatience),
        1 => Just(How::Answered(410)),
        1 => Just(How::CalledOff),
        2 => Just(How::Silent),
        1 => Just(How::OurFault),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![Just(1u32), Just(7), Just(40), Just(400), Just(9_000), Just(50_000)];
    prop_oneof![
        8 => proptest::option::weighted(0.8, 0u8..3).prop_map(Step::Post),
        20 => (0u8..2).prop_map(Step::Start),
        20 => (any::<u8>(), how()).prop_map(|(which, how)| Step::End(which, how)),
        1 => (0u8..2).prop_map(Step::Trouble),
        2 => Just(Step::Die),
        9 => wait.prop_map(Step::Wait),
        1 => (0u8..2).prop_map(Step::Pause),
        3 => (0u8..2).prop_map(Step::Resume),
        1 => (0u8..2).prop_map(Step::Disable),
        2 => any::<u8>().prop_map(Step::Resend),
        1 => Just(Step::Chores),
    ]
}

/// Every step is possible at every time, so there is nothing to keep.
struct AnyHistory;

impl ReferenceStateMachine for AnyHistory {
    type State = ();
    type Transition = Step;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<Step> {
        step().boxed()
    }

    fn apply((): (), _: &Step) {}
}

macro_rules! history_test {
    ($test:ident, $engine:literal) => {
        struct $test;

        impl StateMachineTest for $test {
            type SystemUnderTest = World;
            type Reference = AnyHistory;

            fn init_test((): &()) -> World {
                World::new($engine)
            }

            fn apply(mut world: World, (): &(), step: Step) -> World {
                world.step(&step);
                world
            }

            fn check_invariants(world: &World, (): &()) {
                world.check();
            }
        }
    };
}

history_test!(OnSqlite, "sqlite");
history_test!(OnPostgres, "postgres");

fn run<T: StateMachineTest<Reference = AnyHistory>>(cases: u32, steps: usize) {
    // 256 is what proptest tries by default.
    let cases = (cases * Config::default().cases).div_ceil(256);
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let mut runner = proptest::test_runner::TestRunner::new(config.clone());
    let histories = AnyHistory::sequential_strategy(1..steps);
    let tried = runner.run(&histories, |(start, steps, seen)| {
        T::test_sequential(config.clone(), start, steps, seen);
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn on_sqlite_every_history_goes_as_the_law_says() {
    run::<OnSqlite>(200, 120);
}

#[test]
fn on_postgres_every_history_goes_as_the_law_says() {
    if store::postgres_server().is_none() {
        return store::skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; the law on SQLite only");
    }
    run::<OnPostgres>(40, 120);
}
