// Package ope says from a log what another policy would have earned, and how sure one may be: off-policy evaluation.
//
// It is pure. A [Row] is one logged choice: what was earned, how likely the logging policy was to make that choice, and
// how likely the target policy would have been. [Evaluate] gives the value of the target per row by seven estimators,
// what the log is good for, and a [Refusal] where no conclusion should be drawn; [Compare] gives the difference of two
// targets on the same rows.
//
// # The estimators
//
// With the reward r, the weight w = target/propensity of the logged action, the reward model's prediction q for it, and
// Q = Σₐ π(a|x)·q(x,a) over the target's actions, means being over rows:
//
//	ips        mean of w·r                              unbiased; widest (Horvitz and Thompson 1952)
//	snips      Σ w·r / Σ w                              steadier, a little biased in small logs (Swaminathan and Joachims 2015)
//	dm         mean of Q                                as good as the model; its interval knows nothing of the model's error
//	dr         mean of Q + w·(r−q)                      unbiased, and narrower the better q is (Dudík and others 2011)
//	sndr       mean of Q + Σ w·(r−q) / Σ w
//	switch-dr  mean of Q + w·1[w ≤ τ]·(r−q)             (Wang, Agarwal and Dudík 2017)
//	dros       mean of Q + λ·w/(w²+λ)·(r−q)             (Su and others 2020)
//
// The last two trade a bias for less variance. τ and λ are the grid point with the least bias bound² + variance, as in
// the papers; the grids end in the doubly robust estimator. With v(w) for what a weight is lowered to, the bound is the
// smaller of
//
//	R · mean of Σₐ π(a|x)·(1 − v(w)/w)                 R: how far predictions are from what is expected, at most
//	√(mean of (w − v(w))² · mean of (r−q)²)            by Cauchy and Schwarz
//
// The sum over actions needs Row.Actions; where only the logged action is known, w − v(w) of it has the same expectation.
//
// # The intervals
//
// Rows of one unit (a customer) depend on each other, so each estimator is linearised into a mean of influences, these are
// summed by unit, and the variance is that of the sums (Liang and Zeger 1986; for ratios this is the delta method). The
// quantile is Student's, with Satterthwaite's degrees of freedom for the kurtosis of the sums,
//
//	2·(Σs²)² / (Σs⁴ − (Σs²)²/units)        at most units − 1
//
// so that an interval that hangs on a few purchases is as wide as a few purchases make it. Heavy weights also make the
// sums skewed, and the truth then lies above the interval far oftener than below: where Hall's transformation (1992)
// asks for a farther end, that is taken, never a nearer one. Intervals of switch-dr and dros
// count in their bias bound B: the half-width h has P(|N(B,s²)| ≤ h) = confidence (Armstrong and Kolesár 2018), which by the
// choice of τ and λ is hardly ever wider than that of dr.
//
// # What it cannot do
//
//   - It takes rows to be drawn independently by unit and the choice to depend on nothing but what the propensity is
//     conditional on. Effects of one choice on the later rows of the same unit are not undone: the value is that of
//     following the target at one row, on the customers and states that the logging policy led to.
//   - q must come from other data than the rows (or from cross-fitting); a model that has seen the rows makes dr and its
//     kin look better than they are.
//   - Few heavy weights stay few. With weights up to 24 and 140 effective units, 93 % of the intervals of 95 % hold the truth;
//     with 230, 95 %. Below Options.LeastEffective there is no promise.
//   - Without Options.Bound, one outlier among the rewards makes the bias bounds so large that switch-dr and dros are dr.
//   - What the target gives to actions the logger never takes is outside the interval: up to Options.MostUnsupported.
//   - τ and λ are chosen on the rows that are then averaged; the papers do the same.
//
// # Sources
//
//   - Horvitz, Thompson, A generalization of sampling without replacement from a finite universe, JASA 47 (1952).
//   - Kish, Survey sampling, Wiley 1965. Liang, Zeger, Longitudinal data analysis using generalized linear models,
//     Biometrika 73 (1986). Satterthwaite, An approximate distribution of estimates of variance components, Biometrics 2
//     (1946).
//   - Hall, On the removal of skewness by transformation, Journal of the Royal Statistical Society B 54 (1992).
//   - Dudík, Langford, Li, Doubly robust policy evaluation and learning, ICML 2011.
//   - Swaminathan, Joachims, The self-normalized estimator for counterfactual learning, NIPS 2015.
//   - Wang, Agarwal, Dudík, Optimal and adaptive off-policy evaluation in contextual bandits, ICML 2017.
//   - Su, Dimakopoulou, Krishnamurthy, Dudík, Doubly robust off-policy evaluation with shrinkage, ICML 2020.
//   - Armstrong, Kolesár, Optimal inference in a class of regression models, Econometrica 86 (2018).
package ope
