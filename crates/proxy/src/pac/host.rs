//! What a script can ask the world for. Everything comes from [`Surroundings`]; how often is bounded.

use core::net::IpAddr;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::function::Rest;
use rquickjs::{Coerced, Ctx, Function, Object};

use super::{Surroundings, calendar};
use crate::no_proxy::NoProxy;

/// How many names one question may ask for.
const NAMES_LIMIT: u32 = 64;

/// Gives `context` the functions of proxy scripts.
pub(super) fn furnish<'js>(
    context: &Ctx<'js>,
    surroundings: &Surroundings,
    deadline: Instant,
) -> rquickjs::Result<()> {
    let world = Object::new(context.clone())?;
    let function = |name: &str, made: rquickjs::Result<Function<'js>>| world.set(name, made?);

    let names =
        Names { surroundings: surroundings.clone(), asked: Rc::new(Cell::new(0)), deadline };
    let resolver = names.clone();
    function("resolve", Function::new(context.clone(), move |host: String| resolver.first(&host)))?;
    let resolver = names.clone();
    function(
        "resolveAll",
        Function::new(context.clone(), move |host: String| resolver.all(&host)),
    )?;
    function(
        "within",
        Function::new(context.clone(), move |host: String, block: String| {
            names.within(&host, &block)
        }),
    )?;
    let address = surroundings.my_address.to_string();
    function("address", Function::new(context.clone(), move || address.clone()))?;

    for (name, rule) in [
        ("weekdayRange", calendar::weekday_range as calendar::Rule),
        ("dateRange", calendar::date_range),
        ("timeRange", calendar::time_range),
    ] {
        let now = surroundings.now.clone();
        let made = move |arguments: Rest<Coerced<String>>| {
            let arguments: Vec<String> = arguments.0.into_iter().map(|a| a.0).collect();
            calendar::holds(rule, &arguments, &now)
        };
        function(name, Function::new(context.clone(), made))?;
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any year fit a double")]
    world.set("now", surroundings.now.timestamp().as_millisecond() as f64)?;

    let prelude: Function<'_> = context.eval(include_str!("prelude.js"))?;
    prelude.call((world, context.globals()))
}

#[derive(Clone)]
struct Names {
    surroundings: Surroundings,
    asked: Rc<Cell<u32>>,
    deadline: Instant,
}

impl Names {
    fn addresses(&self, host: &str) -> Vec<IpAddr> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return vec![address];
        }
        let asked = self.asked.get();
        self.asked.set(asked.saturating_add(1));
        let late = Instant::now() >= self.deadline;
        let name = host.len() <= 253 && !host.is_empty();
        if late || !name || asked >= NAMES_LIMIT {
            return Vec::new();
        }
        (self.surroundings.resolve)(host)
    }

    /// The first IPv4 address, as scripts expect it.
    fn first(&self, host: &str) -> Option<String> {
        self.addresses(host).into_iter().find(IpAddr::is_ipv4).map(|a| a.to_string())
    }

    fn all(&self, host: &str) -> String {
        let addresses = self.addresses(host);
        addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(";")
    }

    fn within(&self, host: &str, block: &str) -> bool {
        let block = NoProxy::from(block);
        self.addresses(host).iter().any(|address| block.covers(&address.to_string()))
    }
}
