//! A few short rounds of the chaos suite, on the main cluster, whose nodes nothing happens to.

use anyhow::ensure;
use chaos::{Site, Sum, round};
use integration_tests::run;

/// An export, an import, and a count.
const SEEDS: [u64; 3] = [16, 17, 34];

#[test]
fn jobs_under_faults_end_complete_and_the_same() {
    run(async {
        let mut site = Site::main().await?;
        let (mut sum, mut injected) = (Sum::default(), 0);
        for seed in SEEDS {
            let report = Box::pin(round(&mut site, seed, 1000..2000)).await;
            sum.add(&report);
            ensure!(report.is_good(), "{report}");
            injected += report.injected();
        }
        ensure!(sum.is_good() && injected > 0, "no fault struck: {sum}");
        Ok(())
    });
}
