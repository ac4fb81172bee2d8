package veiviser

import (
	"slices"
	"time"
)

// Learning is how a plan learns from what comes of its decisions.
type Learning struct {
	// Outcomes are what counts as an outcome of a decision; empty is [DefaultOutcomes].
	Outcomes []OutcomeRule
	// ProgressWeight is how much a change of the stage value counts in the reward beside the outcomes; nil is 1, 0 leaves it
	// out. The change is the chance that the need ends in an order delivered right, ProgressWindow after the decision, less
	// what it was at the decision.
	ProgressWeight *float64
	// ProgressWindow is how long after a decision the stage is looked at again; 0 is 30 minutes. From three days on, who has
	// not come again by then and waits for no order is taken to have left, and nothing is ahead of her any more.
	ProgressWindow time.Duration
	// HalfLife is the time after which what was observed counts half, so that a changed world is followed; 0 is 30 days.
	HalfLife time.Duration
	// Crosses are what is learned about beside each item in each stage; empty is [DefaultCrosses].
	Crosses []Cross
	// Exploration in [0, 1] is the share of decisions that may try out what is not the best known; nil is 1. A placement may
	// have its own.
	Exploration *float64
}

// OutcomeRule says what an event that names a decision is worth.
type OutcomeRule struct {
	// Type is the event type.
	Type string
	// Weight is what the first such event adds to the reward of the decision, in units of usefulness, in [-10, 10].
	Weight float64
	// Window is how long after the decision the event may come; when it has not come by then, that counts as an
	// observation, too.
	Window time.Duration
}

// Cross is a set of attributes whose joint values get weights of their own in the response model, such as {kind, segment}.
type Cross struct {
	// Attributes are one to three different ones of [CrossAttributes].
	Attributes []string
	// SD is how far the weights are expected to lie from 0 before anything is observed, in units of usefulness; 0 is
	// [DefaultCrossSD].
	SD float64
}

// CrossAttributes are what crosses are made of: of the item its id, kind, topics and format; of the situation the standard
// stage, the segments, channel, placement, device, language and subject.
func CrossAttributes() []string {
	return []string{"item", "kind", "topic", "format", "stage", "segment", "channel", "placement", "device", "language", "subject"}
}

// What stands in for what a plan leaves out of its learning.
const (
	DefaultProgressWindow = 30 * time.Minute
	DefaultLearnHalfLife  = 30 * 24 * time.Hour
	DefaultCrossSD        = 0.03
	DefaultLiftWindow     = 7 * 24 * time.Hour
	DefaultControlShare   = 0.05
)

// DefaultOutcomes are the outcomes that count when a plan names none. A click hardly counts: with a tenth of an order or more,
// what is clicked a lot and helps nobody wins. Telling others counts half an order, as one person in two who is told by a friend
// orders at best; a review, which helps those who come later, a little less. Both take days: one has to have ridden first.
func DefaultOutcomes() []OutcomeRule {
	const short, long = 30 * time.Minute, 3 * 24 * time.Hour
	return []OutcomeRule{
		{Type: "click", Weight: 0.02, Window: short},
		{Type: "dismiss", Weight: -0.2, Window: short},
		{Type: "helpful", Weight: 1, Window: long},
		{Type: "not_relevant", Weight: -0.5, Window: long},
		{Type: "too_early", Weight: -0.3, Window: long},
		{Type: "too_late", Weight: -0.3, Window: long},
		{Type: "known", Weight: -0.2, Window: long},
		{Type: "purchase", Weight: 1, Window: long},
		{Type: "share", Weight: 0.5, Window: long},
		{Type: "review", Weight: 0.3, Window: long},
	}
}

// DefaultCrosses are what is learned about when a plan names no crosses. They are few: each further one makes what is known of
// the others less sure, and of many that were tried on simulated visitors these were enough.
func DefaultCrosses() []Cross {
	return []Cross{
		{Attributes: []string{"kind", "stage"}},
		{Attributes: []string{"kind", "stage", "subject"}},
		{Attributes: []string{"kind", "segment"}, SD: 0.01},
		{Attributes: []string{"kind", "channel"}, SD: 0.01},
	}
}

// WithDefaults returns the learning with every unset field filled in; default windows end when decisions are forgotten.
func (l Learning) WithDefaults(decisionTTL time.Duration) Learning {
	if len(l.Outcomes) == 0 {
		l.Outcomes = DefaultOutcomes()
		for i := range l.Outcomes {
			l.Outcomes[i].Window = min(l.Outcomes[i].Window, decisionTTL)
		}
	}
	if l.ProgressWeight == nil {
		l.ProgressWeight = new(1.0)
	}
	setDuration(&l.ProgressWindow, min(DefaultProgressWindow, decisionTTL))
	setDuration(&l.HalfLife, DefaultLearnHalfLife)
	if len(l.Crosses) == 0 {
		l.Crosses = DefaultCrosses()
	}
	l.Crosses = slices.Clone(l.Crosses)
	for i := range l.Crosses {
		if l.Crosses[i].SD == 0 {
			l.Crosses[i].SD = DefaultCrossSD
		}
	}
	if l.Exploration == nil {
		l.Exploration = new(1.0)
	}
	return l
}

// Control is the share of visitors who are served without regard to who they are, for comparison.
type Control struct {
	// Share in [0, 0.5] of the visitors; nil is [DefaultControlShare]. A visitor stays in her group, also across linked
	// identities.
	Share *float64
	// Window is how long after the first decision for a visitor what she does is compared; 0 is 7 days.
	Window time.Duration
	// Outcome is the event type compared; "" is purchase.
	Outcome string
}

// WithDefaults returns the control with every unset field filled in; the default window ends when decisions are forgotten.
func (c Control) WithDefaults(decisionTTL time.Duration) Control {
	if c.Share == nil {
		c.Share = new(DefaultControlShare)
	}
	setDuration(&c.Window, min(DefaultLiftWindow, decisionTTL))
	if c.Outcome == "" {
		c.Outcome = EventPurchase
	}
	return c
}

// Terms are what counts as what comes of a decision, as the plan said when it was made: a later plan changes nothing about
// decisions under way.
type Terms struct {
	Outcomes       []OutcomeRule
	ProgressWindow time.Duration
	ProgressWeight float64
	// LiftWindow is how long what she does is compared, LiftOutcome the event type that is.
	LiftWindow  time.Duration
	LiftOutcome string
}

// Rule is the rule for an event type; nil when such events are no outcomes.
func (t *Terms) Rule(eventType string) *OutcomeRule {
	for i := range t.Outcomes {
		if t.Outcomes[i].Type == eventType {
			return &t.Outcomes[i]
		}
	}
	return nil
}

// Windows are the different times after which something about a decision is settled, in ascending order.
func (t *Terms) Windows() []time.Duration {
	out := make([]time.Duration, 0, len(t.Outcomes)+2)
	for i := range t.Outcomes {
		out = append(out, t.Outcomes[i].Window)
	}
	out = append(out, t.ProgressWindow, t.LiftWindow)
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(d time.Duration) bool { return d <= 0 })
}

// Terms are what counts under the policy.
func (p *Policy) Terms() Terms {
	return Terms{
		Outcomes: p.Learning.Outcomes, ProgressWindow: p.Learning.ProgressWindow, ProgressWeight: *p.Learning.ProgressWeight,
		LiftWindow: p.Control.Window, LiftOutcome: p.Control.Outcome,
	}
}

// Gate is what a plan must prove on logged decisions before it may be published.
type Gate struct {
	// MinRows is how many logged decisions the proof needs; 0 turns the gate off.
	MinRows int
	// MaxLoss is how much worse than the active plan it may be, by the lower end of the 95 % interval of the doubly robust
	// difference, in units of reward per decision.
	MaxLoss float64
}

// ContextWeight multiplies the usefulness of the items that match every field that is set, before value, cost and boost.
type ContextWeight struct {
	// Name is how explanations call it; unique in the plan.
	Name      string
	Kind      ItemKind
	Topic     string
	Segment   string
	Channel   string
	Placement string
	// Weight in (0, 10]; 1 changes nothing.
	Weight float64
}

// Group is whether a visitor is served or compared with.
type Group string

// The groups. A visitor whose group is not fixed yet is in the one that the hash of her identity says.
const (
	GroupUnknown Group = ""
	GroupTreated Group = "treated"
	GroupControl Group = "control"
)

// Scored is what the learned part of the response model said of one candidate: what it added to the mean and the variance
// of the plan's belief.
type Scored struct {
	// Slot is the place of the item in the catalogue of that revision.
	Slot int32
	// Mean and Var are added to those of the plan; Var may be negative.
	Mean, Var float32
}

// ExplorationState is whether a decision tried out what is not the best known, and if it could not, why.
type ExplorationState string

// The states of exploration.
const (
	ExplorationOn          ExplorationState = "ON"          // drawn from the beliefs
	ExplorationSpared      ExplorationState = "SPARED"      // the placement's budget left this decision to the best known
	ExplorationOffRequest  ExplorationState = "OFF_REQUEST" // the caller asked for the best known
	ExplorationBuying      ExplorationState = "BUYING"      // nobody is tried out while she is about to buy
	ExplorationComplaining ExplorationState = "COMPLAINING" // nor while a complaint is open
)

// Settled is what a step of the learner brought to an end: the store keeps it with the learner's state, for whoever judges
// the decisions.
type Settled struct {
	// Made are the ids of the answers met in the log, oldest first.
	Made []string
	// Closed are the decisions whose windows are all over, oldest first.
	Closed []ClosedDecision
}

// ClosedDecision is something that came of one decision; what came of it in all is the sum, complete with the entry that is
// Over.
type ClosedDecision struct {
	AnswerID string
	// Index is that of the decision in the answer.
	Index  int
	Reward float64
	// Outcomes are the event types that came, sorted.
	Outcomes []string
	// Unit stands for the person, so that intervals can take her decisions together; it says nothing about who she is.
	Unit uint64
	// Over is true when nothing more can come of it.
	Over bool
}
