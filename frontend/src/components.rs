//! Small parts that every page uses.

pub(crate) mod command;
pub(crate) mod load;
pub(crate) mod moment;
pub(crate) mod notice;
pub(crate) mod prose;
pub(crate) mod scroller;
pub(crate) mod sign;

pub(crate) use command::{Command, CopyButton};
pub(crate) use load::Load;
pub(crate) use moment::Moment;
pub(crate) use notice::ProblemNotice;
pub(crate) use prose::Prose;
pub(crate) use scroller::Scroller;
pub(crate) use sign::{Chip, Icon};
