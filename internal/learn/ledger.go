package learn

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/rank/confseq"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Ledger is what came of decisions: which outcomes were joined with which decision, and what was learned from that. Every
// decision goes through it in three ways:
//
//   - [Ledger.Served], once, when it was made: what was shown is expected to be as useful as the model believes;
//   - [Ledger.Came], for every outcome: the first of its type within its window corrects the model at once;
//   - [Ledger.Settled], for each window, when it is over: outcomes that have not come correct the model, too; where the
//     visitor stands now is compared with where she stood.
//
// A ledger is a pure state machine: the same lines in the same order give the same ledger, and all of it is in the
// learner's snapshot. It is not safe for concurrent use.
type Ledger struct {
	// Joined are the outcomes that came, by decision and choice, until all windows are over: bit i is Terms.Outcomes[i].
	Joined map[uint64]joined `json:"joined"`
	// Counts is what became of outcomes, by type.
	Counts map[string]*OutcomeCount `json:"counts"`
	// Kinds are running figures of what each type of outcome, and progress, contributes to rewards.
	Kinds map[string]*contribution `json:"kinds"`
	// Slots is how much slots are seen, by placement.
	Slots map[string][]slotCount `json:"slots"`
	// Explored is how much was tried out, by placement.
	Explored map[string]*ExplorationCount `json:"explored"`
	// Moves is where visitors went who were shown an item, by item and segment ("" is everyone).
	Moves map[string]map[string]*Moves `json:"moves"`
	// Lifts compares the groups, by the placement of the first decision ("" is all).
	Lifts map[string]*Lift `json:"lifts"`

	// Response is what was learned of usefulness. It is kept beside, as bytes.
	Response *rank.Experience `json:"-"`
}

// joined is what came of one choice so far.
type joined struct {
	Came  uint32    `json:"c"`
	Until time.Time `json:"u"`
}

// OutcomeCount is what became of the outcomes of one type.
type OutcomeCount struct {
	// Joined with their decision; Repeated were further ones of the same choice, which count once; Late came after the window;
	// Silent are the choices for which none came within it.
	Joined, Repeated, Late, Silent int64
}

// ExplorationCount is how many decisions on a placement ranked items, by what they tried out.
type ExplorationCount struct {
	Decisions int64
	States    map[veiviser.ExplorationState]int64
}

// Lift is what the visitors of both groups did after their first decision, one observation a visitor.
type Lift struct {
	Treated, Control LiftArm
}

// LiftArm is one group.
type LiftArm struct {
	// Outcomes per visitor, Value of purchases per visitor, and Converted: 1 for a visitor with an outcome, else 0.
	Outcomes, Value, Converted confseq.Arm
}

// NewLedger knows nothing yet.
func NewLedger() *Ledger {
	return &Ledger{
		Joined: map[uint64]joined{}, Counts: map[string]*OutcomeCount{}, Kinds: map[string]*contribution{},
		Slots: map[string][]slotCount{}, Explored: map[string]*ExplorationCount{}, Moves: map[string]map[string]*Moves{},
		Lifts: map[string]*Lift{}, Response: rank.NewExperience(veiviser.DefaultLearnHalfLife),
	}
}

// Served takes in a decision that was made.
func (l *Ledger) Served(snap *plan.Snapshot, e *veiviser.OutboxEntry) {
	d := e.Entry.Served
	l.clock(snap, e.Written)
	if d.Staff { // nothing was shown to her
		return
	}
	if d.Exploration != "" {
		x := l.Explored[d.Placement]
		if x == nil {
			x = &ExplorationCount{States: map[veiviser.ExplorationState]int64{}}
			l.Explored[d.Placement] = x
		}
		x.Decisions++
		x.States[d.Exploration]++
	}
	for i := range d.Choices {
		l.Response.Expect(l.features(snap, d, i))
	}
}

// clock brings forgetting up to date.
func (l *Ledger) clock(snap *plan.Snapshot, now time.Time) {
	l.Response.Forget(snap.Policy.Learning.HalfLife)
	l.Response.Advance(now)
}

// Came joins an outcome with its decision. It gives what that adds to the reward of the decision by its first item, and
// whether it counts.
func (l *Ledger) Came(snap *plan.Snapshot, ev *veiviser.LoggedEvent, written time.Time) (veiviser.ClosedDecision, bool) {
	var none veiviser.ClosedDecision
	if ev.Late {
		l.count(ev.Type).Late++
	}
	d := ev.Decision
	if d == nil || d.Staff || ev.Choice < 0 || ev.Choice >= len(d.Choices) {
		return none, false
	}
	k := ruleIndex(&d.Terms, ev.Type)
	if k < 0 {
		return none, false
	}
	key, bit := choiceKey(d.DecisionID, ev.Choice), uint32(1)<<k
	j := l.Joined[key]
	if j.Came&bit != 0 {
		l.count(ev.Type).Repeated++
		return none, false
	}
	l.count(ev.Type).Joined++
	j.Came |= bit
	j.Until = d.Made.Add(closing(&d.Terms) + 2*settleGrace)
	l.Joined[key] = j
	l.clock(snap, written)
	weight := d.Terms.Outcomes[k].Weight
	fs := l.features(snap, d, ev.Choice)
	l.Response.Correct(fs, l.residual(d, ev.Choice, ev.Type, fs, weight))
	closed := veiviser.ClosedDecision{Outcomes: []string{ev.Type}}
	closed.AnswerID, closed.Index = answerOf(d.DecisionID)
	if ev.Choice == 0 {
		closed.Reward = weight
	}
	return closed, true
}

// Settled closes what a window closes of a decision. person is who she is now, nil when nothing is known of her. It gives
// what that adds to the reward of the decision, and whether there is anything to say; the last window closes the decision.
func (l *Ledger) Settled(snap *plan.Snapshot, e *veiviser.OutboxEntry, window time.Duration, person *veiviser.Visitor) (veiviser.ClosedDecision, bool) {
	d := e.Entry.Served
	var closed veiviser.ClosedDecision
	closed.AnswerID, closed.Index = answerOf(d.DecisionID)
	closed.Unit = textHash(e.Person)
	l.clock(snap, e.Written.Add(window))
	if d.Staff { // she is compared from here on when it was the first decision; nothing else comes of it
		if window == d.Terms.LiftWindow && e.First {
			l.lift(d, person)
		}
		return closed, false
	}
	for k := range d.Terms.Outcomes {
		if d.Terms.Outcomes[k].Window == window {
			for i := range d.Choices {
				l.silent(snap, d, i, k)
			}
		}
	}
	if window == d.Terms.ProgressWindow && person != nil && d.Journey != "" {
		closed.Reward = l.progress(snap, e, person)
	}
	if window == d.Terms.LiftWindow && e.First {
		l.lift(d, person)
	}
	if window == closing(&d.Terms) {
		closed.Over = true
		for i := range d.Choices {
			delete(l.Joined, choiceKey(d.DecisionID, i))
		}
	}
	return closed, closed.Over || closed.Reward != 0
}

// silent settles the k-th outcome of a choice: it has come, or it does not come any more.
func (l *Ledger) silent(snap *plan.Snapshot, d *veiviser.LoggedDecision, choice, k int) {
	rule := &d.Terms.Outcomes[k]
	came := l.Joined[choiceKey(d.DecisionID, choice)].Came&(1<<k) != 0
	got := 0.0
	if came {
		got = rule.Weight
	} else {
		l.count(rule.Type).Silent++
	}
	l.settle(snap, d, choice, rule.Type, got, !came)
	if rule.Weight > 0 {
		l.examined(snap, d, choice, got)
	}
}

// settle takes in what a type of outcome contributed; correct when the model does not know yet.
func (l *Ledger) settle(snap *plan.Snapshot, d *veiviser.LoggedDecision, choice int, kind string, got float64, correct bool) {
	fs := l.features(snap, d, choice)
	r := l.residual(d, choice, kind, fs, got)
	if correct {
		l.Response.Correct(fs, r)
	}
	l.Response.Surprise(r, 1/float64(len(d.Terms.Outcomes)+1))
	l.kind(kind).add(got)
}

// progress compares where she stands with where she stood, and gives what that adds to the reward.
func (l *Ledger) progress(snap *plan.Snapshot, e *veiviser.OutboxEntry, person *veiviser.Visitor) float64 {
	d := e.Entry.Served
	for _, view := range snap.Stages.Views(person, d.NeedSubject, d.Time.Add(d.Terms.ProgressWindow)) {
		if view.Journey != d.Journey || view.Subject != d.NeedSubject {
			continue
		}
		change := worthLater(&view, person, d) - d.Value
		for i := range d.Choices {
			l.moved(d, i, view.Standard, change)
			l.settle(snap, d, i, progressKind, d.Terms.ProgressWeight*change, true)
		}
		if len(d.Choices) == 0 {
			l.Response.Observe(situated(d), d.Terms.ProgressWeight*change)
		}
		return d.Terms.ProgressWeight * change
	}
	return 0
}

// leaving is the shortest time to look at progress after which silence means something: in less, most people have not come
// back yet who will.
const leaving = 3 * 24 * time.Hour

// worthLater is the stage value at the end of the time to look at progress. Who has not come again by then, when that is days
// and no order of hers is under way, is taken to have left: nothing is ahead of her any more, only what she has got already
// stays. Without that, what drives people away would look no worse than what leaves them where they are.
func worthLater(view *veiviser.NeedView, person *veiviser.Visitor, d *veiviser.LoggedDecision) float64 {
	if d.Terms.ProgressWindow < leaving || person.Visit.Start.After(d.Time) {
		return view.Value
	}
	var ordered, arrived uint32
	for i := range person.Counts {
		switch c := &person.Counts[i]; c.Type {
		case veiviser.EventPurchase:
			ordered = c.At
		case "delivery_confirmed":
			arrived = c.At
		}
	}
	if ordered > arrived {
		return view.Value
	}
	return min(view.ByStandard[veiviser.StageUse.Index()]+view.ByStandard[veiviser.StageAdvocate.Index()], view.Value)
}

// lift counts a visitor whose window is over. Somebody of whom nothing is known has done nothing.
func (l *Ledger) lift(d *veiviser.LoggedDecision, person *veiviser.Visitor) {
	n, worth := 0.0, 0.0
	if person != nil {
		worth = max(person.Value-d.Worth, 0)
		for i := range person.Counts {
			if c := &person.Counts[i]; c.Type == d.Terms.LiftOutcome && c.Count > d.Counted {
				n = float64(c.Count - d.Counted)
			}
		}
	}
	places := []string{d.Placement}
	if d.Staff { // a talk is the same for both groups
		places = nil
	}
	if _, index := answerOf(d.DecisionID); index == 0 {
		places = append(places, "") // of several first decisions at once, one stands for all
	}
	for _, place := range places {
		x := l.Lifts[place]
		if x == nil {
			x = &Lift{}
			l.Lifts[place] = x
		}
		arm := &x.Treated
		if d.Group == veiviser.GroupControl {
			arm = &x.Control
		}
		arm.Outcomes.Add(n)
		arm.Value.Add(worth)
		arm.Converted.Add(min(n, 1))
	}
}

// features are those of a choice, as far as its slot is seen.
func (l *Ledger) features(snap *plan.Snapshot, d *veiviser.LoggedDecision, choice int) []rank.Feature {
	scorer := snap.Response.Prepare(rank.Situation{
		ByStage: d.ByStage, Segments: d.Segments, Channel: d.Channel, Placement: d.Placement, Device: d.Device,
		Language: d.Language, Subject: d.Subject,
	}, nil)
	c := &d.Choices[choice]
	it, ok := snap.Catalog.Lookup(c.ItemID)
	if !ok {
		it = &veiviser.Item{ID: c.ItemID, Kind: c.Kind, Topics: c.Topics}
	}
	fs := scorer.Features(situated(d), it, c.Format)
	if seen := l.examination(d.Placement, choice); seen != 1 {
		for i := range fs {
			fs[i].X *= seen
		}
	}
	return fs
}

// What a situation brings by itself is learned beside what items add to it: by stage, and by how promising her decision is
// already. It orders no items, and so does not count when they are scored; it keeps an item from being praised for where
// it is shown. Decisions that stayed silent show it alone.
const situatedVariance = 0.25

// situated are the features of the situation of a decision.
func situated(d *veiviser.LoggedDecision) []rank.Feature {
	fs := make([]rank.Feature, 0, 32)
	for i, stage := range veiviser.StandardStages() {
		fs = append(fs, rank.Feature{Key: rank.Key("situation", string(stage)), X: d.ByStage[i], Var: situatedVariance})
	}
	return append(fs, rank.Feature{Key: rank.Key("situation value"), X: d.Value, Var: situatedVariance})
}

// count is what became of a type of outcome.
func (l *Ledger) count(eventType string) *OutcomeCount {
	c := l.Counts[eventType]
	if c == nil {
		c = &OutcomeCount{}
		l.Counts[eventType] = c
	}
	return c
}

// purge forgets what was joined with decisions that are long over: their lines were lost.
func (l *Ledger) purge(now time.Time) {
	for key, j := range l.Joined {
		if now.After(j.Until) {
			delete(l.Joined, key)
		}
	}
}

// ruleIndex is the position of the rule for a type, -1 for none.
func ruleIndex(t *veiviser.Terms, eventType string) int {
	for i := range t.Outcomes {
		if t.Outcomes[i].Type == eventType {
			return i
		}
	}
	return -1
}

// closing is how long after a decision nothing can add to its reward any more. What visitors are compared by may go on.
func closing(t *veiviser.Terms) time.Duration {
	w := t.ProgressWindow
	for i := range t.Outcomes {
		w = max(w, t.Outcomes[i].Window)
	}
	return w
}

// answerOf takes a decision id apart.
func answerOf(decisionID string) (answer string, index int) {
	for i := len(decisionID) - 1; i >= 0; i-- {
		if decisionID[i] == '.' {
			index, _ = strconv.Atoi(decisionID[i+1:]) // 0 when it is no number: such an id was never given out
			return decisionID[:i], index
		}
	}
	return decisionID, 0
}

// choiceKey names a choice of a decision.
func choiceKey(decisionID string, choice int) uint64 {
	return textHash(decisionID + "#" + strconv.Itoa(choice))
}

func textHash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s)) // a hash never fails
	return h.Sum64()
}
