//! A moment, in UTC and on the person's own clock.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::time;

#[component]
pub(crate) fn Moment(at: DateTime<Utc>) -> impl IntoView {
    view! {
        <time class="moment" datetime=time::rfc3339(at)>
            <span>{time::moment(at)}</span>
            {time::local(at).map(|local| view! { <span class="quiet">" " {local}</span> })}
        </time>
    }
}
