//! Listing: the estate is read, whole or what a plan touched, and its names are left for completion.

use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use tokio::sync::mpsc;

use super::names::Names;
use super::{Session, SessionError, is_nic};
use crate::arm::{Document, ResourceId};
use crate::azure::{NETWORK, version_of};
use crate::changes::Plan;
use crate::estate::Estate;
use crate::estate::discover::{Found, Scope, discover};
use crate::estate::summary::{LoadBalancer, Nic};

impl Session {
    pub(super) fn take(&self, found: Found) {
        self.inner.estate.write().unwrap_or_else(PoisonError::into_inner).take(found);
        self.inner.changed.send_modify(|n| *n += 1);
    }

    /// Lists everything afresh. Results show in the estate as they arrive.
    ///
    /// # Errors
    /// Where the subscriptions cannot be listed. A subscription's own problem is in the estate.
    pub async fn refresh(&self) -> Result<(), SessionError> {
        let (send, mut receive) = mpsc::channel(8);
        let taking = async {
            while let Some(found) = receive.recv().await {
                self.take(found);
            }
        };
        let listing = async move {
            let ids = self.estate(Estate::ids);
            // The sender goes with the listing, and with it the receiver's end.
            discover(&self.inner.reader, &self.inner.config.subscriptions, &ids, &send).await
        };
        let (result, ()) = tokio::join!(listing, taking);
        result?;
        self.keep_names().await;
        Ok(())
    }

    /// The names of what is listed.
    pub fn names(&self) -> Names {
        self.estate(Names::of)
    }

    /// Leaves the names for shells to complete. That they cannot be left is no failure of the listing.
    async fn keep_names(&self) {
        // A look at a part must not hide the rest from the next.
        if self.inner.config.narrowed {
            return;
        }
        let session = self.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let folder = session.inner.config.state_dir().map_err(|e| e.to_string())?;
            session.names().write(&folder, session.place()).map_err(|e| e.to_string())
        });
        match kept.await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => tracing::info!(problem, "the names could not be kept for completion"),
            Err(error) => tracing::info!(%error, "the names could not be kept for completion"),
        }
    }

    /// Lists where nothing was listed yet.
    ///
    /// # Errors
    /// As [`Session::refresh`].
    pub async fn ensure_listed(&self) -> Result<(), SessionError> {
        if self.estate(|e| e.subscriptions.is_empty()) {
            self.refresh().await?;
        }
        Ok(())
    }

    /// Brings the estate up to date with what a plan touched: its load balancers are read afresh,
    /// its NICs too unless the run has just read them back.
    ///
    /// # Errors
    /// Any [`ArmError`] of reading.
    pub(super) async fn reload(&self, plan: &Plan, read: &[Document]) -> Result<(), SessionError> {
        let balancers: BTreeSet<ResourceId> = plan.pools().iter().filter_map(ResourceId::parent).collect();
        for id in balancers {
            let document = self.inner.reader.get(&id, NETWORK, "").await?;
            if let Some(fresh) = LoadBalancer::read(document.body()) {
                self.take(Found::LoadBalancer(fresh));
            }
        }
        let mut nics: Vec<Nic> = read.iter().filter(|d| is_nic(d.id())).filter_map(|d| Nic::read(d.body())).collect();
        let known: HashSet<ResourceId> = nics.iter().map(|n| n.id.clone()).collect();
        let written: BTreeSet<&ResourceId> = plan.writes().map(|(_, w)| &w.target).filter(|t| is_nic(t)).collect();
        for target in written.into_iter().filter(|t| !known.contains(t)) {
            match self.inner.reader.get(target, version_of(target), "").await {
                Ok(document) => nics.extend(Nic::read(document.body())),
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.take(Found::Nics(nics));
        self.reload_sets(plan).await
    }

    async fn reload_sets(&self, plan: &Plan) -> Result<(), SessionError> {
        let sets: BTreeSet<ResourceId> = plan
            .writes()
            .filter(|(_, w)| w.target.segment("virtualMachineScaleSets").is_some())
            .filter_map(|(_, w)| w.target.parent())
            .collect();
        for set in sets {
            let nics = crate::azure::scale_set::nics(&self.inner.reader, &set)?.all().await?;
            let list: Vec<Nic> = nics.iter().filter_map(Nic::read).collect();
            let named = list.iter().map(|nic| nic.id.clone()).collect();
            self.take(Found::Nics(list));
            self.take(Found::OnlyNics(Scope::Set(set), named));
        }
        Ok(())
    }
}
