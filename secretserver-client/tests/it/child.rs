//! A test in a process of its own: for what belongs to a whole process, such as its environment or the memory it took.

use std::process::Command;

const HERE: &str = "SECRETSERVER_TEST_CHILD";

/// Whether this process was started by [`run`] for this test.
pub(crate) fn is_for(test: &str) -> bool {
    std::env::var(HERE).is_ok_and(|name| name == test)
}

/// Runs this test again, alone, with these variables, and fails if it fails.
pub(crate) fn run(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(HERE, test);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
