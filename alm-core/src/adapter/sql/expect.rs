//! What a commit rests on without writing it.

use super::backend::Backend;
use super::failure::{Damage, Failure, moved};
use super::transaction::Transaction;
use super::value::{Columns as _, Value};
use crate::port::store::Expect;

/// How many versions one question asks for. Few sizes, so that few questions have to be kept prepared.
const SIZES: [usize; 6] = [1, 2, 4, 8, 16, 64];
const AT_ONCE: usize = 64;

/// Refuses unless each document is at its version; 0 stands for one that is not there.
///
/// Nobody else writes meanwhile, so every question more would keep all others waiting for one way to the database and back.
pub(super) async fn check<B: Backend>(
    on: &mut Transaction<'_, B>,
    expects: &[Expect],
) -> Result<(), Failure> {
    for some in expects.chunks(AT_ONCE) {
        let size = size(some.len());
        // What is left of the size asks for the last one again.
        let asked = some.iter().chain(std::iter::repeat_n(some.last(), size).flatten()).take(size);
        let values: Vec<Value> =
            asked.flat_map(|expect| [expect.kind.name().into(), expect.id.into()]).collect();
        let mut versions = vec![0; size];
        for row in on.ask(question(size), values).await? {
            let place = usize::try_from(row.int(0)?).ok().and_then(|place| versions.get_mut(place));
            *place.ok_or_else(|| Damage::error("a place is not one that was asked for"))? = row.number(1)?;
        }
        for (expect, now) in some.iter().zip(versions) {
            if now != expect.version {
                return Err(Failure::Refused(moved(expect.kind, expect.id, now, expect.version)));
            }
        }
    }
    Ok(())
}

fn size(count: usize) -> usize {
    SIZES.into_iter().find(|size| *size >= count).unwrap_or(AT_ONCE)
}

/// One look into the key of the documents for each, whatever the database makes of it. A place that is missing in the answer is no document's.
pub(in crate::adapter) fn question(size: usize) -> String {
    let one = |place: usize| {
        let (kind, id) = (2 * place + 1, 2 * place + 2);
        format!("SELECT CAST({place} AS BIGINT), version FROM record WHERE kind = ${kind} AND id = ${id}")
    };
    (0..size).map(one).collect::<Vec<_>>().join(" UNION ALL ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_64_are_asked_for_at_once() {
        for count in 1..=AT_ONCE {
            let size = size(count);
            assert!(size >= count && size <= AT_ONCE && (size < 4 * count || size == 1), "{count}: {size}");
            let text = question(size);
            assert_eq!(text.matches("version").count(), size);
            assert!(
                text.contains(&format!("${}", 2 * size)) && !text.contains(&format!("${}", 2 * size + 1))
            );
        }
    }
}
