//! Running a script: in an engine of its own each time, so that no question can leave anything behind for
//! the next, with bounded memory, stack and time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Runtime, Type, Value};

use super::{Pac, PacError, Surroundings, host};
use crate::conversation::plain;
use crate::destination::Destination;

const MEMORY_LIMIT: usize = 16 * 1024 * 1024;
const STACK_LIMIT: usize = 256 * 1024;

/// What a script may be made of: the language, and nothing that reaches outside it.
type Language = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
);

/// Whether the script is one at all; nothing of it runs.
pub(super) fn check(pac: &Pac) -> Result<(), PacError> {
    run(pac, |context| {
        let wrapped = format!("(function () {{{}\n}})", pac.script);
        evaluate::<Value<'_>>(context, &wrapped).map(|_| ())
    })
}

/// What the script answers for `destination`.
pub(super) fn ask(
    pac: &Pac,
    destination: &Destination,
    surroundings: &Surroundings,
) -> Result<String, PacError> {
    let deadline = Instant::now() + pac.limit;
    run(pac, |context| {
        host::furnish(context, surroundings, deadline).map_err(|e| told(context, e))?;
        evaluate::<Value<'_>>(context, &pac.script)?;
        let find = "typeof FindProxyForURL == 'function' ? FindProxyForURL : null";
        let find: Option<Function<'_>> = evaluate(context, find)?;
        let find = find.ok_or_else(|| "it has no function FindProxyForURL".to_owned())?;
        let called = find.call::<_, Value<'_>>((destination.url(), destination.host()));
        let answer = called.catch(context).map_err(|error| caught(&error))?;
        match answer.type_of() {
            Type::String => answer.get::<String>().map_err(|e| told(context, e)),
            other => Err(format!("FindProxyForURL gave no text: {other}")),
        }
    })
}

fn run<T>(pac: &Pac, work: impl FnOnce(&Ctx<'_>) -> Result<T, String>) -> Result<T, PacError> {
    let wrong = |reason: String| PacError::Wrong { script: pac.name.to_string(), reason };
    let runtime = Runtime::new().map_err(|error| wrong(error.to_string()))?;
    runtime.set_memory_limit(MEMORY_LIMIT);
    runtime.set_max_stack_size(STACK_LIMIT);
    let late = Rc::new(Cell::new(false));
    let deadline = Instant::now() + pac.limit;
    let ring = Rc::clone(&late);
    runtime.set_interrupt_handler(Some(Box::new(move || {
        let over = Instant::now() >= deadline;
        ring.set(ring.get() || over);
        over
    })));
    let context =
        Context::custom::<Language>(&runtime).map_err(|error| wrong(error.to_string()))?;
    let done = context.with(|context| work(&context));
    if late.get() {
        return Err(PacError::TooSlow { script: pac.name.to_string(), limit: pac.limit });
    }
    done.map_err(wrong)
}

/// Evaluates as browsers do: an old script may use variables that it never declared.
pub(super) fn evaluate<'js, T: rquickjs::FromJs<'js>>(
    context: &Ctx<'js>,
    script: &str,
) -> Result<T, String> {
    let mut options = EvalOptions::default();
    options.strict = false;
    let done = context.eval_with_options::<T, _>(script, options);
    done.catch(context).map_err(|error| caught(&error))
}

fn told(context: &Ctx<'_>, error: rquickjs::Error) -> String {
    caught(&CaughtError::from_error(context, error))
}

fn caught(error: &CaughtError<'_>) -> String {
    let text = match error {
        CaughtError::Exception(exception) => {
            let line = exception.stack().and_then(|stack| line_in(&stack));
            let message = exception.message().unwrap_or_else(|| "an exception".to_owned());
            line.map_or_else(|| message.clone(), |line| format!("{message} (line {line})"))
        }
        CaughtError::Value(value) => {
            let thrown = value.as_string().and_then(|text| text.to_string().ok());
            thrown.unwrap_or_else(|| format!("it threw a value: {}", value.type_of()))
        }
        CaughtError::Error(error) => error.to_string(),
    };
    plain(&text)
}

/// The line of the script in `at name (eval_script:3:14)`.
fn line_in(stack: &str) -> Option<u32> {
    let (_, place) = stack.lines().next()?.split_once("eval_script:")?;
    place.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
