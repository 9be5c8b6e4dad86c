//! A place for one connection that many callers share.
//!
//! One caller dials while the others wait for its outcome, success or failure, so that a dead
//! broker costs all of them one timeout together.

use super::super::KafkaError;
use super::super::connection::Connection;
use super::super::locked;
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

#[derive(Default)]
pub(super) struct Slot {
    current: Mutex<Option<Arc<Connection>>>,
    /// Held while dialling; the last failure and when it came.
    dialling: tokio::sync::Mutex<Option<(Instant, KafkaError)>>,
}

impl Slot {
    /// The connection, if it can take calls. One that cannot is let go.
    pub(super) fn current(&self) -> Option<Arc<Connection>> {
        let mut current = locked(&self.current);
        if current.as_ref().is_some_and(|c| !c.usable()) {
            *current = None;
        }
        current.clone()
    }

    /// Puts a connection in.
    pub(super) fn put(&self, connection: Arc<Connection>) {
        *locked(&self.current) = Some(connection);
    }

    /// The connection, dialled when there is none.
    pub(super) async fn obtain<F>(
        &self,
        dial: impl FnOnce() -> F,
    ) -> Result<Arc<Connection>, KafkaError>
    where
        F: Future<Output = Result<Connection, KafkaError>>,
    {
        let arrived = Instant::now();
        let mut failure = self.dialling.lock().await;
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        if let Some((at, error)) = failure.as_ref()
            && *at >= arrived
        {
            return Err(error.clone());
        }
        match dial().await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                self.put(Arc::clone(&connection));
                *failure = None;
                Ok(connection)
            }
            Err(error) => {
                *failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}
