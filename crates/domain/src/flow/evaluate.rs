//! What conditions and assignments come to.

use std::cmp::Ordering;

use super::{
    Flow,
    document::{ConditionNode, Literal, MapSource, Op, Operand, Source, Test},
    scope::Scope,
    value::{Number, Value},
};
use crate::answers;

/// Where a condition leads.
pub(super) fn branch<'a>(flow: &Flow, condition: &'a ConditionNode, scope: Scope<'_>) -> &'a str {
    let taken = condition.branches.iter().find(|b| b.all.iter().all(|test| holds(flow, test, scope)));
    taken.map_or(&condition.default, |branch| &branch.next)
}

/// Whether a test holds. An empty variable is `empty` and `ne` to everything, and nothing else.
fn holds(flow: &Flow, test: &Test, scope: Scope<'_>) -> bool {
    let Some(value) = scope.get(&test.var) else {
        return matches!(test.op, Op::Empty | Op::Ne);
    };
    let against = |wanted: fn(Ordering) -> bool| match &test.value {
        Some(Literal::One(other)) => value.order(other).is_some_and(wanted),
        _ => false,
    };
    match (test.op, &test.value) {
        (Op::Set, _) => true,
        (Op::Empty, _) => false,
        (Op::Eq, Some(Literal::One(other))) => value.same_as(other),
        (Op::Ne, Some(Literal::One(other))) => !value.same_as(other),
        (Op::In, Some(Literal::Many(others))) => others.iter().any(|other| value.same_as(other)),
        (Op::Contains, Some(Literal::One(other))) => value.contains(other),
        (Op::Matches, Some(Literal::One(Value::Text(pattern)))) => {
            flow.pattern(pattern).is_some_and(|p| answers::matches(&value.to_string(), p).is_ok())
        }
        (Op::Ge, _) => against(Ordering::is_ge),
        (Op::Le, _) => against(Ordering::is_le),
        (Op::Gt, _) => against(Ordering::is_gt),
        (Op::Lt, _) => against(Ordering::is_lt),
        _ => false,
    }
}

/// The value that an assignment gives; None empties the variable.
pub(super) fn assigned(source: &Source, scope: Scope<'_>) -> Option<Value> {
    match source {
        Source::Value(value) => Some(value.clone()),
        Source::Copy(name) => scope.get(name),
        Source::Add([a, b]) => sum(operand(a, scope)?, operand(b, scope)?),
        Source::Subtract([a, b]) => sum(operand(a, scope)?, -operand(b, scope)?),
        Source::Map(map) => looked_up(map, scope),
        Source::DomainOf(name) => {
            let address = scope.get(name)?.to_string();
            address.rsplit_once('@').map(|(_, domain)| Value::Text(domain.trim().to_lowercase()))
        }
    }
}

fn sum(a: f64, b: f64) -> Option<Value> {
    Number::new(a + b).map(Value::Number)
}

fn operand(operand: &Operand, scope: Scope<'_>) -> Option<f64> {
    match operand {
        Operand::Number(number) => Some(number.get()),
        Operand::Variable(variable) => scope.get(&variable.var)?.number().map(Number::get),
    }
}

fn looked_up(map: &MapSource, scope: Scope<'_>) -> Option<Value> {
    let found = scope.get(&map.of).and_then(|value| {
        map.cases.iter().find(|(case, _)| value.same_as(&Value::from(case.as_str()))).map(|(_, to)| to)
    });
    found.or(map.default.as_ref()).cloned()
}
