//! The Azure Resource Manager protocol: authentication, retry, throttling, paging, long-running
//! operations, ids and errors.
//!
//! Owns every connection to Azure. [`connect`] gives one [`Reader`], which is cloned freely, and
//! one [`Writer`], which cannot be cloned: who holds it can write, and only the executor of plans
//! is handed it. Called by `azure` for reading and by `changes` for writing. It never knows what a
//! load balancer is.

pub mod client;
pub mod cloud;
pub mod document;
pub mod error;
pub mod id;
pub mod operation;
pub mod paging;
mod shared_ids;
pub mod throttle;
pub mod token;
pub mod transport;
mod versions;

pub use client::{Pacing, ReadAction, Reader, Sent, Writer, connect};
pub use cloud::Cloud;
pub use document::{ApiVersion, Document, Etag};
pub use error::{ArmError, ErrorClass, ServiceError};
pub use id::ResourceId;
pub use operation::{Operation, OperationEnd};
pub use shared_ids::SharedIds;
