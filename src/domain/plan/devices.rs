//! The devices that a plan names: what was confirmed is these and no others.

use std::collections::HashMap;

use super::{Because, Plan, PlanTarget, Verdict};

/// Leaves out of each target the devices that an older plan does not name, with their lines. Gives back the lines that are left out, by
/// the target's id.
pub(super) fn keep_named(targets: &mut [PlanTarget], older: &Plan) -> HashMap<String, Vec<String>> {
    let mut left_out = HashMap::new();
    for target in targets.iter_mut().filter(|target| !target.devices.is_empty()) {
        let was = older.targets.iter().find(|was| was.id == target.id);
        let is_named = |device: &String| was.is_some_and(|was| was.devices.iter().any(|named| named.eq_ignore_ascii_case(device)));
        // Of a target with devices, each has a line, in the same order.
        let all = std::mem::take(&mut target.devices).into_iter().zip(std::mem::take(&mut target.changes));
        let (named, others): (Vec<_>, Vec<_>) = all.partition(|(device, _)| is_named(device));
        (target.devices, target.changes) = named.into_iter().unzip();
        if others.is_empty() {
            continue;
        }
        left_out.insert(target.id.clone(), others.into_iter().map(|(_, line)| line).collect());
        if target.devices.is_empty() {
            target.because.push(Because::DevicesNotInPlan);
            target.because.sort_unstable();
            (target.verdict, target.included) = (Verdict::Refused, false);
        }
    }
    left_out
}
