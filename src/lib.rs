//! azlb: change which machines serve traffic behind an Azure load balancer.
pub mod arm;
pub mod azure;
pub mod sim;
