//! Reason codes in plain words. Source: Azure docs, load-balancer-manage-health-status.

/// What azlb says of a member without state and reason: Azure does not probe stopped VMs.
pub const STOPPED: &str = "Stopped";

/// A reason code in words; an unlisted one is shown as it is.
pub fn words(code: &str) -> &str {
    match code {
        "Up_Probe_Success" => "answering its probe",
        "Up_Probe_AllDownIsUp" => "all are down, and the probe is set to call that up",
        "Up_Probe_ApproachingUnhealthyThreshold" => "its last probe failed, still in rotation",
        "Up_Admin" => "forced up by admin state",
        "Up_Platform" => "up, with a platform issue",
        "Down_Probe_ApproachingHealthyThreshold" => "recovering, not enough good probes yet",
        "Down_Probe_HttpStatusCodeError" => "answers with an HTTP status other than 200",
        "Down_Probe_HttpEndpointUnreachable" => "TCP opens, HTTP is refused: no application there, or an NSG",
        "Down_Probe_HttpNoResponse" => "HTTP opens and never answers",
        "Down_Probe_TcpProbeTimeout" => "no TCP answer: not listening, a firewall or an NSG",
        "Down_Probe_NoHealthyBackend" => "the region has no healthy backend",
        "Down_Admin" => "forced down by admin state",
        "Down_Platform" => "down by a platform issue",
        "NA" => "not probed yet",
        STOPPED => "not probed: its VM is not running",
        other => other,
    }
}
