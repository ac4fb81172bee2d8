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
// # What she says herself
//
// An answer to an item that was shown ("too early", "I knew that") is one more observation of the need the item was shown
// for: its likelihood in a stage depends on where that lies to the standard stages that the item serves. It is folded by
// [Set.FoldTold], where the numbers stand, after the signals of its event and bounded apart from them. [Set.Fold] and
// [Set.Trace], and with them every fit and backtest, see of an answer only what the signals of the plan make of its type.
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
// StageMappings, then to the stage of the same id, then to the stages of the same standard stage (a need remembers what
// each of its stages stood for, so that this works for a roll-back too); what is left is spread by Prior. A need whose
// journey is gone is kept as it is and not shown; it comes back with its journey, unless newer needs pushed it out.
//
// # What a stage is worth
//
// The journey's chain, ended after each event with probability 1/MeanEvents, is absorbed where an order was delivered
// right (the standard stages use and advocate). The value of a stage is the chance to be absorbed there, v = (1 −
// 1/MeanEvents)·T·v outside, 1 inside (Kemeny and Snell 1960, "Finite Markov Chains", III); the value of a need is its
// mean under the belief. EventsToNext is the mean first passage time to a stage whose standard stage lies further ahead,
// h = 1 + T·h over the stages that do not, for a need that goes on; it is averaged over the stages that have one ahead, and 0
// when these are less likely than the others.
// Drift is left out of both: they count events, not time.
//
// # The rest of the visit
//
// A journey with a Forecast also says what comes after the latest event: for each event type the chance that one comes
// later in the visit, and the chances of the type of the next event, where the end of the visit is one. Stages alone
// cannot know this, since visitors differ more than stages do: some put everything into the cart. So the belief is read
// together with what the visitor does usually, by linear heads over standardised covariates
//
//	z_i = clamp((x_i − mean_i)/sd_i, −4, 4)    η = bias + Σ w_i·z_i    later: p = 1/(1+e^−η)    next: softmax of the η
//
// (logistic and multinomial regression; the belief in the stages enters as log-odds, so a head is a discriminative
// reading of the generative model, as in Jaakkola and Haussler 1998). The numbers come from package stage/fit. A
// forecast is as of the latest event; when the visit is over (the policy's visit gap) there is none.
//
// The covariates stand after the latest event and know nothing beyond the visitor's own bounded memory; ln is the natural
// logarithm, t an event type, "lately" and "paces" are exponentially weighted counts:
//
//	visit_events    ln(1 + events of the visit)         visit_first     1 for the first event of a visit
//	visit_duration  ln(1 + seconds since its start)     visit_items     ln(different items / events), of the visit
//	pause           ln(1 + seconds since the event      visit_subjects  ln(different subjects / events)
//	                before), 0 for the first            gap             ln(1 + seconds between this visit and the last), or 10
//	visits          ln(1 + earlier visits)              newcomer        1 when there is none
//	age             ln(1 + days since the first event)  activity        ln(1 + events / days), days at least 0.3
//	length          ln(1 + mean events of a visit),     length_recent   the same, a visit weighing 0.8 of the next one;
//	                as if 2 visits had had 12 events                    shrunk alike
//	hour_sin, _cos  time of day (UTC) on the circle     hour_…2         the same at twice the frequency
//	item_seen       ln(1 + earlier events about the     item_visit      the same within the visit
//	                item)                               subject_seen, subject_visit  alike, for the subject
//	subject_run     ln(1 + events in a row about it)    subject_known   ln(1 + events of the subject's trait), 0 for none
//	new_items       ln((views of items not met          events_15m, events_3h  ln of events lately, half-lives 15 min and 3 h
//	                lately + 5)/(views + 7))
//	now.t, before.t 1 when the latest, the one before   visit.t         ln(1 + events of type t in the visit)
//	                in the visit, is of type t          since.t         ln(1 + events since one of type t), at most 6
//	pace.t          ln((pace + 0.3)/(window + 10)),     rate.t          ln((count + 0.6)/(events + 20))
//	                an event weighs e^(−1/33) of the    visits.t        ln((visits with t + 0.3)/(visits + 2)), a visit weighing
//	                next one                                            0.8 of the next one
//	ahead.t         ln((A + 1.6)/(N + 8)): of events    ahead_slow.t    ln((A + 8)/(N + 40))
//	                of finished visits (a visit weighs  sequel.t        the same of events of the type of the latest one,
//	                0.95 of the next) those that had                    unweighted, shrunk to all types
//	                a t ahead                           item.t, subject.t  1 when t happened to the item, the subject
//	lately_5m.t,    ln(count of t lately + 0.1)         delay.t         mean ln(1 + seconds from meeting an item to t), as if
//	lately_15m.t                                                        3 more had been 4
//	trait.t         the subject's rate of t, see        stage.s         ln((p + 0.02)/(1.02 − p)) for the belief p in stage s of
//	                veiviser.SubjectTrait                               the need that the event is about
//
// # What it cannot do
//
// The filter is Markov: two needs that influence each other, or a visitor who hurries before a holiday, look to it like
// chance. Signals of one event are taken for independent given the stage, so a belief tends to be surer than it should;
// fitted likelihoods inherit it, and "unsure" is set by the fit with that in mind. The stage itself is never observed: what
// a fit can show is what the stages foresee, not that they are the right ones. A forecast knows the visitor's history,
// not her intentions of today: for her first twenty events it is little better than the visit alone allows. It speaks of
// observational logs: what would come had something else been served is not its question.
//
// # Merging
//
// Two beliefs p and q about the same need, held under two identities, are pooled as independent experts with a common
// prior π, as p·q/π (the multiplicative pool; Genest and Zidek 1986, "Combining probability distributions";
// Bordley 1982). See [Set.Merge] for what is approximate about it.
package stage
