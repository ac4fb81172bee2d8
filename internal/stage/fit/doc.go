// Package fit sets the numbers of a journey from logs: those of the model of package stage by expectation and
// maximisation ([EM]), and the linear heads of a veiviser.Forecast by penalised regression ([Logistic], [Softmax]).
//
// It is pure and reads no clock. The same input gives the same bits on one kind of processor, however many goroutines
// work: rows and needs are always summed in two fixed halves, which are added in the same order.
//
// # Journeys
//
// The stages of a need are a hidden Markov chain, and one event is one step of the filter of package stage: drift with
// λ = 2^(−Δt/h) towards the return weights r, move by T, multiply by B[j] = Π_s L_s[j] kept within [1e-9, 1e9], divide
// by Z so that the belief sums to 1. Baum and Welch's algorithm (Rabiner 1989; Dempster, Laird and Rubin 1977) gives
// the smoothed belief γ and from it the expected counts. With v the message back to the moment after the drift and
// d = λ·α + (1−λ)·r the belief then, they are
//
//	first stage    Σ γ₁[j]
//	return         Σ (1−λ)·r[j]·v[j]
//	move           Σ d[i]·T[i][j]·B[j]·β[j]/Z
//	showing of s   n_s[j] = Σ γ[j] over the events that show s
//
// Each is maximised a posteriori. The plan counts as S (EMOptions.Strength) further observations per row: the shares of
// a row are (count + S·plan)/(total + S), which is the mode under a Dirichlet prior. Occupancies are shrunk alike:
// o[j] = (Σγ[j] + S·o₀[j])/(N + S), with o₀ that of the plan's journey on the same logs. The ratios L_s[j] =
// P(s | stage j)/P(s) have a gamma prior, the conjugate of a rate: as if the signal had shown m_s = S·n_s/N times more,
// spread over the stages as the plan says,
//
//	L_s[j] = (n_s[j] + m_s·o₀[j]·L⁰_s[j]/Σ o₀·L⁰_s) / ((n_s + m_s)·o[j])   within [0.01, 100]
//
// so that Σ_j o[j]·L_s[j] = 1. The objective is the sum of ln Z, each L_s divided by its Σ_j o[j]·L_s[j] with the
// occupancy that it leads to itself, plus the log priors: the log-likelihood ratio against signals that have nothing to
// do with stages. It is a function of the journey, the plan and the logs alone; so is a step, which is why a run that
// is taken up from any of its journeys gives the bits of one that never stopped. When every event shows exactly one
// signal, no step can lower it; otherwise one that would is shortened. MeanEvents is counted, and the plan's worth
// 50 needs. The half-life is found by golden section on
// ln h, with a normal prior of deviation ln 2 around the plan's.
//
// What is zero in the plan (a prior, a transition) stays zero: no arrow is ever added. What no event shows stays as it
// is. Labels keep their meaning only through the plan: with a Strength far below the number of events that could tell
// stages apart, and a plan that says little, two stages may change places.
//
// # Heads
//
// A covariate enters as z = clamp((x − mean)/sd, −4, 4), and as 0 when it is not a number. A head is a bias and weights
// in log-odds, the minimum of
//
//	Σ_i weight_i·(−ln P(y_i | z_i)) + λ/2·‖w − w₀‖² + one observation at z = 0 that is distributed as the prior bias says
//
// with the row weights scaled to mean 1. The last term keeps the bias finite when a label never varies and is nothing
// else: bias is not penalised. λ is the firmest of a grid whose log-loss on visitors left out (by their folds) is within half a
// standard error of the least (Breiman et al. 1984), and
// on large tables the choice is made on some of the visitors. The minimum is found by L-BFGS (Nocedal 1980) on top of
// the Newton step of a sample: a fixed curvature as in Böhning 1992, but at the solution, so that a pass over the rows
// costs one gradient, and few are needed.
//
// The log-odds of the folds left out are then calibrated (Platt 1999): a slope with a normal prior of mean 1 and
// deviation 0.5, never negative, and an offset per class; all rows count alike here. Both are folded into bias and weights.
//
// # What it cannot do
//
// The likelihood of the journeys is that of the filter: what an event does not show says nothing, and signals of one
// event count as independent given the stage. Fitted ratios inherit both. A need that the logs cut off counts as ended,
// so MeanEvents is a little low. Rows of one visitor are not independent: folds by visitor keep the choice of λ honest
// about it, but the prior of the calibration's slope weighs less than it should. A time beyond the logs, selection by
// what was shown, and effects that are not linear in z are not modelled.
package fit
