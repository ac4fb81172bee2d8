// Package bandit learns which action to take in which context from a log of choices whose probabilities are known, says
// what the result would have earned on another log, and replays such a log to a policy that learns as it goes. It is
// offline and works on any such log: a CSV file and a [Mapping] of its columns. What the service learns is in package rank.
//
//	table, err := bandit.Load(ctx, "logged.csv.gz", mapping, nil)
//	model, err := bandit.Learn(ctx, table, bandit.LearnOptions{Seed: 1})
//	report, err := bandit.Evaluate(ctx, another, model, bandit.EvaluateOptions{})
//
// There is nothing to set: one setting serves every log.
//
// # Contexts
//
// A column with two numbers is standardised, one with more becomes its mid-rank among 65 quantiles, standardised, so that
// neither unit nor outliers matter; a column of words has a feature of 1/2 for each of its 64 commonest. A missing number
// counts as the mean, and a feature of its own says so if the column misses any where the encoder was laid out. The rich
// design adds six hat functions over the ranks of a column, and the products of all pairs of features from different
// columns, unless these were more than five hundred, or the features more than an arm has rows.
//
// # The model
//
// Rewards of arm a in context x are θₐ + x·(σₐ·β + γₐ) + ε, with ε of variance σₐ²: effects that all arms share, in
// proportion to how much the arm varies, and an arm's own. Prior variances of both come from the log (empirical Bayes,
// six rounds; MacKay 1992), one for each kind of feature: lines, hats, words, products. [Learn] fits it to the rich design
// and takes the action with the largest mean.
//
// # When there is nothing to learn
//
// That policy is kept only if arms' own effects γ are seen to help. By tenfold cross-validation over units the model is
// fitted with and without them, and the gain in squared error on the units left out must be more than 1.96 standard
// errors, clustered by unit. The simple design, a line per column, is looked at first, for it has the most power; where it
// shows nothing, the rich one has a second chance. Else the model is always to take the action with the largest mean,
// adjusted for the context and shrunk. So a log without own effects is taken for one with them in about one case of
// twenty. On 40 random halves by unit each of Hillstrom's test it kept the context for visits 40 times, for spending never;
// on 20 halves each of the Starbucks offers, always.
//
// Why not the value itself? The value of the policy less that of the best action, by doubly robust cross-validation, was
// between −1.9 and +1.7 standard errors for visits on such halves, and between −2.7 and +3.1 for spending: it can not tell
// them apart, since most of a reward has nothing to do with the choice. Its weaknesses:
//
//   - Own effects that help to predict need not change which action is best; then the contextual model is merely as good.
//   - Effects that only curves or products show take many rows. So do those of rare rewards: on 16,000 rows of purchases by
//     one customer in a hundred, nothing is seen.
//   - It is not said which action is best with what certainty: the fixed action is that of the larger mean, and between close
//     ones, as with spending, chance decides. [Evaluate] tells how close.
//
// # Learning online
//
// [Replay] is for judging a policy that learns from its own choices. It is Thompson sampling on the intercepts θ alone and
// greedy on the effects of the context: with x̃ for the features, the arm with the largest
//
//	μₐ(x) + √(0.65² + 10/(nₐ+1)) · √(Var θₐ) · N(0, 1)
//
// after every arm was tried max(3, ln(1+N)) times. The belief is a [rank.Experience] (variances in units V of the variance
// of rewards so far: θ 3, shared effects 0.5 and own effects 0.01 over the number of columns; noise of an arm from its own
// errors, pooled), with an exact fit of the hierarchical model to all counted rows after 150·1.5ᵏ of them, whose means and
// variances then are the prior. It is heuristic where it is bold: drawing less than the belief's own deviations is what
// makes it cheap, and in a few runs of a hundred with rare rewards it stays with the second best action for long.
//
// # Evaluation
//
// [Evaluate] uses package ope. The reward model q of dm, dr and their kin is never the judged one: it is the simple design,
// cross-fitted over five shares of the units of the evaluated log. best_fixed is the action that the model's training
// found best; on the evaluated log itself the winner would flatter it. Without a model, each share of the units gets the
// winner of the others.
//
// # Sources
//
//   - MacKay, Bayesian interpolation, Neural Computation 4 (1992).
//   - Li, Chu, Langford, Wang, Unbiased offline evaluation of contextual-bandit-based news article recommendation
//     algorithms, WSDM 2011.
//   - Chapelle, Li, An empirical evaluation of Thompson sampling, NIPS 2011.
//   - Chernozhukov and others, Double/debiased machine learning, Econometrics Journal 21 (2018), for cross-fitting.
package bandit
