// Package eval judges what a journey foresees by event logs, and fits journeys to them, without a server or a store.
//
// A [Log] holds the histories of visitors. [Fit] fits a journey to one: the hidden chain by package stage/fit, then the
// forecast on the covariates that the fitted journey gives. [Backtest] walks one as the service would, with the same
// code (stage.Set.Trace is Fold): after every event the journey says how likely an event of each type comes later in the
// visit and what comes next, from what happened up to then; the rest of the visit is the judge. [CrossBacktest] does both,
// so that nobody is judged by a fit that saw her.
//
// # Figures
//
// A [Report] gives, over the first, second … fifth event of every visit and over every event: the area under the ROC curve
// (Hanley and McNeil 1982; ties count half), the mean logarithmic loss in nats, the Brier score, and the expected
// calibration error over 15 bins of equal width (Guo et al. 2017); for the next event the perplexity, exp of the mean
// −ln p of what came, where the end of the visit is one of the types. Intervals are of 95 %, by the percentile bootstrap
// over visitors (Efron 1979), because the events of one visitor are alike.
//
// Stages have no truth in a log. They are compared to hindsight: the likeliest stage given all events of the need, under
// the same journey. That shows whether "unsure" is said at the right moments, not whether the stages are the right ones.
package eval
