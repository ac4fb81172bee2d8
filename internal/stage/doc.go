// Package stage says where a visitor is in her own decision: a belief over the stages of a journey for each
// (visitor, journey, subject), which is called a need.
//
// It is pure: a compiled plan (a [Set]), a visitor, an event and the time come in, the changed visitor comes out. It
// reads no clock, does no input or output, and gives the same bits for the same input: no float is summed in map
// order, and products are rounded before they are added so that no compiler fuses them. It does not decide what to
// show, and it does not check a plan for sense: [Compile] refuses only what would make filtering impossible.
//
// # The model
//
// The stage of a need is the hidden state of a Markov chain that is seen only through signals. The belief p is the
// filtered distribution, computed by the forward algorithm, normalised at each step (Rabiner 1989, "A tutorial on
// hidden Markov models", §III.A and §V.A). One event of the need is one step:
//
//	drift     p ← λ·p + (1−λ)·r              λ = 2^(−Δt/h)
//	move      p'[j] = Σ_i p[i]·T[i][j]       T[i][i] = 1 − Σ_{j≠i} T[i][j]
//	observe   p[j] ← p[j]·Π_s L_s[j] / Z     over the signals s that the event shows; Z makes the sum 1
//
// Drift is a continuous-time chain that leaves its stage at rate ln 2 / h for a stage drawn from the return
// distribution r (the Felsenstein 1981 "F81" form of a generator): exp(QΔt) = λ·I + (1−λ)·1rᵀ, so it takes no matrix
// exponential, composes exactly (drifting for a and then b is drifting for a+b) and tends to r. h is the journey's
// HalfLife, r its Rest weights, or its Prior weights when there are none. Δt is the time since the need's last
// event; an event that comes late has Δt = 0, and the need's clock never runs backwards.
//
// Move takes the Transitions as probabilities per event. The event that opens a need has no step before it: the belief
// starts from the Prior weights and is only observed (Rabiner's α₁(i) = π_i·b_i(O₁)).
//
// Observe is naive Bayes with likelihood ratios (Good 1950, "Probability and the Weighing of Evidence"): given the
// stage, signals count as independent, and L_s[j] = P(s | stage j) / P(s). Signals that an event does not show say
// nothing. The product of one event is kept within [1e-9, 1e9] for each stage, so that no single event, however many
// dependent signals it shows, makes the belief irreversible.
//
// The evidence of a signal is the weight of evidence ln(P after / P before), in nats, for the stage whose probability
// it raised most; signals are applied in the order of the plan.
//
// # Needs
//
// Every journey is a filter of its own: an event that fits several journeys feeds a need in each. An event about
// subject S touches only the needs about S. An event about nothing ("") touches, in each journey, the need touched last
// whatever its subject, and opens a need about "" only in a journey that accepts it and has no need. Everything a
// signal can ask about the past (repeats, depth, pauses, visits, items met) is counted within the need's own events:
// interleaved streams for two needs give exactly what each stream gives alone, as long as the visitor has at most
// veiviser.MaxNeeds of them. Beyond that the need that was updated least recently is forgotten.
//
// When a journey changes (another Version, or another list of stages) a belief is carried over: first by
// StageMappings, then to the stage of the same id; what is left is spread by Prior. A need whose journey is gone is
// kept as it is and not shown; it comes back with its journey, unless newer needs pushed it out.
//
// # Merging
//
// Two beliefs p and q about the same need, held under two identities, are pooled as independent experts with a common
// prior π, as p·q/π (the multiplicative pool; Genest and Zidek 1986, "Combining probability distributions";
// Bordley 1982). See [Set.Merge] for what is approximate about it.
package stage
