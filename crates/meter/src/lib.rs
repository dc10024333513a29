//! The meter: the machine that franks mail.
//!
//! Signatures that land in the next minutes (bodies follow):
//! ```text
//! pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;        pub fn system_clock() -> Clock;
//! pub enum MeterError { Refusal(Refusal), Fault(Fault), Breach(Breach) }  // .code() -> &str, .message(Language) -> String, .advice(Language) -> Option<&'static str>
//! pub struct Settings { serial, currency, language, time_zone: Option<String>, infrastructure: Network{connect: Option<SocketAddr>, domain, ca: PathBuf, answer_seconds},
//!                       refill: RefillSettings{automatic, threshold, amount}, print: PrintSettings{dpi, output} }   Settings::new(serial, ca) / read(file) / parse / to_toml
//! impl Meter {
//!   pub fn create(directory: &Path, settings: &Settings, clock: Clock) -> Result<Meter, MeterError>;   // manufactures the PSD and its keys, writes meter.toml
//!   pub fn open(directory: &Path, clock: Clock) -> Result<Meter, MeterError>;                            // refuses a second process by name
//!   pub fn enrolment(&self) -> Result<Enrolment, MeterError>;                                            // {serial, device_key}: what the provider needs to enrol it
//!   pub fn settings(&self) -> &Settings;  pub fn status(&self) -> Status;  pub fn funds(&self) -> FundsReport;     // both Serialize
//!   pub async fn trigger(&mut self, trigger: Trigger) -> Vec<TaskReport>;                                // plan(trigger) then each task; TaskReport{task, result: Result<Outcome, MeterError>}
//!   pub async fn sign_in(&mut self) -> Result<SignedIn, MeterError>;
//!   pub async fn install(&mut self) -> Result<Installed, MeterError>;
//!   pub async fn refill(&mut self, amount: Amount) -> Result<RefillReceipt, MeterError>;                 // also finishes a refill whose reply was lost
//!   pub async fn inspect(&mut self) -> Result<Inspected, MeterError>;
//!   pub async fn refresh(&mut self) -> Result<Refreshed, MeterError>;                                    // startup refresh and the rates that changed
//!   pub async fn upload(&mut self, reason: UploadReason) -> Result<Uploaded, MeterError>;
//!   pub async fn sleep(&mut self) -> Vec<TaskReport>;  pub async fn power_on(..), power_off(..) same
//!   pub fn price(&self, request: &PieceRequest, franking: &Franking) -> Result<Quote, MeterError>;       // nothing is debited
//!   pub fn frank(&mut self, request: &PieceRequest, franking: &Franking, output: Option<&Path>) -> Result<Franked, MeterError>;   // output: a .png file; None: settings' output folder
//!   pub fn unprinted(&self) -> Vec<Unprinted>;                                                           // paid and not printed
//!   pub fn print_again(&mut self, record: u64, output: Option<&Path>) -> Result<Franked, MeterError>;
//!   pub fn estimate_csv(&self, file: &Path, options: &RunOptions) -> Result<Estimate, MeterError>;       // --dry-run
//!   pub async fn run_csv(&mut self, file: &Path, options: &RunOptions, progress: &mut dyn Progress) -> Result<RunSummary, Stopped>;
//!   pub fn estimate_pdf(&self, file: &Path, letters: &LetterOptions, options: &RunOptions) -> Result<Estimate, MeterError>;
//!   pub async fn run_pdf(&mut self, file: &Path, letters: &LetterOptions, options: &RunOptions, progress: &mut dyn Progress) -> Result<RunSummary, Stopped>;
//! }
//! pub struct PieceRequest { piece: Piece, account: Option<String>, reference: Option<String> }   pub struct Franking { date: Option<Date>, high_value: bool }
//! pub struct RunOptions { service: Option<Service>, destination: Option<Country>, account: Option<String>, output: Option<PathBuf>, strict: bool, franking: Franking }  // Default
//! pub struct LetterOptions { service, destination, registered, first_pages: FirstPages::{Every(u32) | At(Vec<u32>)}, weight: LetterWeight::{Each(Weight) | Sheets{sheet, envelope, duplex: bool}}, dimensions, reference }
//! pub trait Progress { estimated(&Estimate), piece(done: u32, total: u32), rejected(&Rejection), refilled(&RefillReceipt), keep_going() -> bool }  // all with defaults; `()` implements it
//! pub struct Estimate { pieces, amount, available, missing: Option<Amount>, by_class: Vec<Subtotal{name, pieces, amount}>, by_account, rejected: Vec<Rejection>, repeat_of: Option<String>, resumes: Option<String> }
//! pub struct RunSummary { run: String, output: PathBuf, resumed: bool, repeat_of, pieces, franked, printed_again, rejected: Vec<Rejection>, amount, by_class, by_account, refills: Vec<RefillReceipt>, franked_csv: PathBuf, rejected_csv: Option<PathBuf>, pdf: Option<PathBuf>, marks: Option<PathBuf> }
//! pub struct Rejection { piece: u32, line: u64, column: Option<String>, reason: Reason{code, fr, en} }   // Reason::text(Language)
//! pub struct Stopped { why: MeterError, so_far: Option<Box<RunSummary>> }
//! pub struct Franked { file: PathBuf, amount, product, description: String, table, date, registers, record: u64 }
//! ```
