//! Requests and responses of `/api/v1`, shared by the server, the page and the command line.

pub mod compare;
pub mod environment;
pub mod event;
pub mod handoff;
pub mod investigation;
pub mod load_balancer;
pub mod problem;
pub mod share;
pub mod watch;

pub use compare::{
    Comparison, ErrorCount, ErrorsCompared, FindingChange, FindingMove, FindingPlace, NotSeen,
    RuleChange, RunSide, SettingChange,
};
pub use environment::{Credentials, Environment, PracticeIncident};
pub use event::{Event, EventKind, FieldChange, FindingLine, Here, Timeline, Viewer};
pub use handoff::{
    AcceptHandoff, Delivery, DeliveryCause, DeliveryState, Draft, Handoff, HandoffText, SentHandoff,
};
pub use investigation::{
    Alike, CreateInvestigation, CreateNote, Investigation, InvestigationList, InvestigationSummary,
    Note, ObservationDetail, PatchInvestigation, Run, RunState, SeenBefore, Started, Status,
    StepView,
};
pub use load_balancer::{LoadBalancerList, LoadBalancerSummary, TargetCount};
pub use problem::Problem;
pub use share::{
    CreateShareLink, CreatedShareLink, Masking, ShareLink, ShareLinkLine, ShareLinkList, ShareMode,
    ShareState, SharedInvestigation,
};
pub use watch::{
    StartWatch, Watch, WatchCount, WatchCounter, WatchLook, WatchState, WatchTrouble, WatchView,
};
