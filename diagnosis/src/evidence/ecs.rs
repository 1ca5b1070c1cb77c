//! What ECS says of the services behind the target groups.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ecs {
    pub services: Vec<EcsService>,
    pub stopped_tasks: Vec<StoppedTask>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsService {
    pub arn: String,
    pub cluster: String,
    pub name: String,
    pub target_group_arns: Vec<String>,
    pub desired_count: u32,
    pub running_count: u32,
    pub pending_count: u32,
    pub task_definition: Option<String>,
    /// Seconds between SIGTERM and SIGKILL; 30 also where the task definition sets none.
    pub stop_timeout: Option<u32>,
    /// Newest first, those of the window and the hour before it.
    pub events: Vec<ServiceEvent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEvent {
    pub at: DateTime<Utc>,
    pub message: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedTask {
    pub arn: String,
    pub service: Option<String>,
    /// Of its own network interface; tasks that share their host's have none.
    pub ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<String>,
    /// The host's ports that its containers were bound to, where it shared the host's network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<u16>,
    pub started_at: Option<DateTime<Utc>>,
    pub stopping_at: Option<DateTime<Utc>>,
    /// When its containers had ended; ECS notes [`Self::stopped_at`] some seconds later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_stopped_at: Option<DateTime<Utc>>,
    pub stopped_at: Option<DateTime<Utc>>,
    /// `EssentialContainerExited`, `UserInitiated`, `ServiceSchedulerInitiated`…
    pub stop_code: Option<String>,
    pub stopped_reason: Option<String>,
    pub containers: Vec<StoppedContainer>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedContainer {
    pub name: String,
    pub exit_code: Option<i32>,
    /// `OutOfMemoryError: Container killed due to memory usage`
    pub reason: Option<String>,
}
