//! The courier's figures and the log's among those that `/metrics` shows; the other floors bring their own.

use std::fmt;

use courier::CourierStatus;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::telemetry;

/// A registry with the courier's figures, read from `status` whenever somebody looks.
pub fn registry(status: impl Fn() -> CourierStatus + Send + Sync + 'static) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(CourierFigures(Box::new(status))));
    registry
}

struct CourierFigures(Box<dyn Fn() -> CourierStatus + Send + Sync>);

impl fmt::Debug for CourierFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CourierFigures")
    }
}

impl Collector for CourierFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let status = (self.0)();
        let mut show = |name: &str, help: &str, metric: &dyn Shown| metric.show(&mut encoder, name, help);
        show(
            "leadpost_dispatcher_up",
            "1 while deliveries are being sent.",
            &ConstGauge::new(i64::from(status.ready)),
        )?;
        show("leadpost_lanes", "Webhooks with something to send.", &ConstGauge::new(status.lanes))?;
        show(
            "leadpost_attempts_in_flight",
            "Requests to receivers on the wire.",
            &ConstGauge::new(status.in_flight),
        )?;
        show("leadpost_attempts", "Attempts that ended.", &ConstCounter::new(status.attempts))?;
        show(
            "leadpost_deliveries_made",
            "Deliveries answered with 2xx.",
            &ConstCounter::new(status.delivered),
        )?;
        show(
            "leadpost_webhook_notices",
            "Webhooks held, still held or disabled: notices given.",
            &ConstCounter::new(status.notices),
        )?;
        show(
            "leadpost_log_lines_dropped",
            "Lines of the log that were dropped because nobody read it.",
            &ConstCounter::new(telemetry::dropped()),
        )
    }
}

/// What the two kinds of figure have in common here.
trait Shown {
    fn show(&self, encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str) -> fmt::Result;
}

impl<M: EncodeMetric> Shown for M {
    fn show(&self, encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str) -> fmt::Result {
        self.encode(encoder.encode_descriptor(name, help, None, self.metric_type())?)
    }
}
