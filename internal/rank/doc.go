// Package rank believes how useful each item is to a visitor right now, and chooses what to show by that belief, so that
// the service learns while it helps and can say afterwards how likely every choice was.
//
// It is pure: beliefs, options and a seed go in, picks come out. What may be shown at all is decided before (package
// eligible), and what is observed is gathered elsewhere (package learn); rank never looks at a clock or a store.
//
// # The belief
//
// The usefulness of an item is a Gaussian with a mean and a variance, a sum of independent parts:
//
//	mean     = Σₛ P(s)·m[s]  + Σₑ wₑ·Addₑ  + value + boost
//	variance = Σₛ P(s)²·v[s] + Σₑ wₑ²·SDₑ²
//
// P(s) is the probability of standard stage s. m[s] is the prior mean of the most specific row of the plan's priors,
// times OffStage in stages the item does not serve, and v[s] = m(1−m)/(n+1) the variance of a Beta distribution with that
// mean and the strength n of the row. e runs over the plan's effects that match in everything they set (item, kind,
// topic, stage, segment, channel, format); wₑ is P(stage) for an effect bound to a stage, else 1. An item without topics
// matches no effect that asks for one. The levers of the business are value = ValueWeight·tanh((Value−Cost)/scale), see
// [DefaultValueScale], and boost, as the item states it. [Scorer.Parts] names every summand.
//
// What depends on the item alone is folded into one [Response] of 64 bytes per item and catalogue change; what depends
// on the request is looked up once in [Model.Prepare]; [Scorer.Score] then adds the two.
//
// # What is learned
//
// The plan's numbers are the priors of weights: one for every item in every standard stage, one for every row of its
// effects, and, with prior mean 0, one for every joint value of its crosses ([veiviser.Cross]: kind and stage, topic and
// stage, kind and segment, …). The usefulness of showing an item is their sum over the features of item and situation, see
// [Scorer.Features]; a new item thus begins with what is known of its kind, its topics and the stages it serves. What came of
// it updates all of them in closed form and is kept as evidence beside the priors ([Experience]): nothing observed, and every
// score is the plan's, to the last bit; the plan changed, and only what is little known changes with it. Evidence fades with a
// half life, so that beliefs widen again and a changed world is followed.
//
// A score is the plan's part plus what was learned beyond it ([Scorer.Learned]: a difference of mean and variance, rounded so
// that it can be kept with a decision). Crosses move the mean alone. With the learned difference d and context weights w:
//
//	mean     = w·(Σₛ P(s)·m[s] + Σₑ wₑ·Addₑ + d.Mean) + value − cost + boost
//	variance = w²·(Σₛ P(s)²·v[s] + Σₑ wₑ²·SDₑ² + d.Var)
//
// # The choice
//
// A share of decisions, the exploration budget, is drawn; in the others the means decide ([Options].Explore). [Choose] fills a
// drawn slate from the first slot to the last by Thompson sampling (Thompson 1933; Chapelle and Li 2011;
// Agrawal and Goyal 2013, on Gaussian beliefs): every candidate's usefulness is drawn from its belief and the best draw
// gets the slot. An uncertain item is thus tried as often as it may be the best, no oftener. Items like those already
// picked lose Diversity·likeness of their mean, as in maximal marginal relevance (Carbonell and Goldstein 1998), with
// the likeness of [Likeness.To]. Silence takes part with a fixed score, the cost of attention: a slate ends where the best
// draw does not beat it.
//
// The draws of a slot are independent, so the probability of a pick has the form
//
//	P(i) = ∫ₐ^∞ φᵢ(x) ∏_{j≠i} Φⱼ(x) dx        P(silence) = ∏ⱼ Φⱼ(a)
//
// with the cost of attention a; with a budget b it is b times that plus 1−b for the pick of the means. It is worked out by quadrature, to an absolute error of about 1e-6, and given with every
// pick, conditional on the picks before. The propensity of a whole slate is the product over its slots, times the
// chance of stopping when it ended early (which only the first slot reports).
//
// # What it cannot do
//
//   - Candidates are drawn independently, although an effect they share errs for all of them alike. Where most of the
//     doubt lies in shared effects, choices among those items are more random than they need be.
//   - Means are not held within [0, 1]: effects add up, they do not saturate.
//   - A slate is filled greedily; two items that are only good together are not found.
//   - Position does not enter the choice: that the first slot is seen more than the last is only taken out of what is learned.
//   - Weights are kept without their covariances: overlapping features share what is observed by their variances alone, and
//     their beliefs come out a little too wide or too narrow.
//   - Likeness knows equal topics, not that one subject lies below another.
//   - Replay is bit for bit for one build on one architecture; where the compiler fuses multiply and add (arm64), the last
//     bits may differ.
//
// # Sources
//
//   - Thompson, On the likelihood that one unknown probability exceeds another in view of the evidence of two samples,
//     Biometrika 25 (1933).
//   - Chapelle, Li, An empirical evaluation of Thompson sampling, NIPS 2011.
//   - Agrawal, Goyal, Thompson sampling for contextual bandits with linear payoffs, ICML 2013.
//   - Carbonell, Goldstein, The use of MMR, diversity-based reranking for reordering documents and producing summaries,
//     SIGIR 1998.
//   - Opper, A Bayesian approach to on-line learning, in: On-line learning in neural networks, 1998.
//   - Graepel, Candela, Borchert, Herbrich, Web-scale Bayesian click-through rate prediction for sponsored search advertising in
//     Microsoft's Bing search engine, ICML 2010.
//   - Desautels, Krause, Burdick, Parallelizing exploration-exploitation tradeoffs in Gaussian process bandit optimization,
//     JMLR 15 (2014).
//   - Wichura, Algorithm AS 241: the percentage points of the normal distribution, Applied Statistics 37 (1988).
package rank
