//! Tells engines of this process that work may have come.

use tokio::sync::watch;

/// A number that rises with each telling; it begins at 1, so that whoever has seen nothing is told at once.
#[derive(Clone, Debug)]
pub(in crate::adapter) struct Signal(watch::Sender<u64>);

impl Signal {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(1))
    }

    /// Wakes whoever waits.
    pub(in crate::adapter) fn raise(&self) {
        self.0.send_modify(|number| *number = number.wrapping_add(1));
    }

    /// Waits until the number is another one than `seen`.
    pub(super) async fn after(&self, seen: u64) -> u64 {
        let mut now = self.0.subscribe();
        let waited = now.wait_for(|number| *number != seen).await.map(|number| *number);
        match waited {
            Ok(number) => number,
            // The sender is this very value.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn nothing_that_comes_in_between_is_missed() {
        let signal = Signal::new();
        let first = signal.after(0).await;
        assert_eq!(signal.after(first).now_or_never(), None);
        signal.raise();
        signal.raise();
        let second = signal.after(first).await;
        assert_ne!(second, first);
        assert_eq!(signal.after(second).now_or_never(), None);
        let waiting = signal.clone();
        let waiter = tokio::spawn(async move { waiting.after(second).await });
        tokio::task::yield_now().await;
        signal.raise();
        assert_ne!(waiter.await.unwrap(), second);
    }
}
