//! What a measurement says, and what it must say.

/// One figure and what it must be.
pub struct Figure {
    pub what: &'static str,
    pub value: f64,
    pub bound: f64,
    pub at_most: bool,
}

impl Figure {
    /// It may be no more than that.
    pub const fn at_most(what: &'static str, value: f64, bound: f64) -> Self {
        Self { what, value, bound, at_most: true }
    }

    /// It may be no less than that.
    pub const fn at_least(what: &'static str, value: f64, bound: f64) -> Self {
        Self { what, value, bound, at_most: false }
    }

    /// Says it, and whether it is met.
    pub fn print(&self) -> bool {
        let met = if self.at_most { self.value <= self.bound } else { self.value >= self.bound };
        let (sign, verdict) = (if self.at_most { "≤" } else { "≥" }, if met { "met" } else { "MISSED" });
        println!("{:<58} {:>12.2}   {sign} {:<10} {verdict}", self.what, self.value, self.bound);
        met
    }
}

/// The processor time of this thread so far, in nanoseconds: on a machine that others use too, the time on the wall says little.
pub fn cpu() -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no time")?.parse()?)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints all of them, and says whether each is as it must be.
pub fn print_all(figures: &[Figure]) -> bool {
    let mut met = true;
    for figure in figures {
        met &= figure.print();
    }
    met
}
