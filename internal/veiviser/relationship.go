package veiviser

import "time"

// Relationship is how the shop treats people after their first order.
type Relationship struct {
	// DeliverWithin is when an order is late that promised no time of its own (attribute "promised" of the purchase); 0 is 7 days.
	DeliverWithin time.Duration
	// RespondWithin is when an answer to a complaint is due; 0 is 24 hours.
	RespondWithin time.Duration
	Recovery      Recovery
	// Rungs are the loyalty ladder, the lowest first.
	Rungs []Rung
	// Tiers are classes by the value of a person's purchases, the lowest first.
	Tiers []Tier
}

// Declared reports whether the plan says anything about it. Orders are waited for only then: who declares nothing sends no
// deliveries either, and nobody would ever be said to have got what she ordered.
func (r *Relationship) Declared() bool {
	return r.DeliverWithin != 0 || r.RespondWithin != 0 || len(r.Rungs) > 0 || len(r.Tiers) > 0 || len(r.Recovery.Steps) > 0 ||
		len(r.Recovery.Outcomes) > 0 || r.Recovery.Control != nil || r.Recovery.Window != 0
}

// Tier is the highest tier that a value of purchases reaches, "" for none.
func (r *Relationship) Tier(value float64) string {
	tier := ""
	for i := range r.Tiers {
		if value >= r.Tiers[i].From {
			tier = r.Tiers[i].ID
		}
	}
	return tier
}

// Recovery is what follows when a case is put right.
type Recovery struct {
	// Steps are shown one after another, each once.
	Steps []RecoveryStep
	// Control is the share of people who get no steps, for comparison, drawn with their first case; nil is 0.2.
	Control *float64
	// Window is how long after the resolution coming back counts; 0 is 60 days.
	Window time.Duration
	// Outcomes are the event types that count as coming back; empty is purchase, review and share.
	Outcomes []string
}

// RecoveryStep is a step of the recovery ladder.
type RecoveryStep struct {
	// After is the time since the resolution from which on it is due.
	After time.Duration
	// Items are those of which one is shown.
	Items []string
}

// Rung is a rung of the loyalty ladder. Whoever stands on the rung below (or below all) climbs it when Promote holds, and steps
// down when Keep does not. Both are CEL over visitor, visit, need and now.
type Rung struct {
	ID            string
	Name          Text
	Promote, Keep string
}

// Tier is a class of value.
type Tier struct {
	ID   string
	Name Text
	// From is the least value of purchases, in the shop's currency.
	From float64
}

// Acquisition is what first-time customers cost and are worth.
type Acquisition struct {
	Costs []AcquisitionCost
	// Window is how long after the first order purchases count as its quality; 0 is 90 days.
	Window time.Duration
	// Weight is what a margin of Scale adds to the usefulness of items that acquire, in [0, 1]; 0 leaves it out.
	Weight float64
	// Scale is a margin that is a lot, in the shop's currency; 0 is 1,000.
	Scale float64
	// Quality is what a first-time customer is expected to be worth before any was observed, and Strength how many observations
	// that is worth; 0 is 10.
	Quality, Strength float64
}

// AcquisitionCost is what one first-time customer costs; the most specific row holds: source and segment, source, segment, neither.
type AcquisitionCost struct {
	// Source is as Relation.Source, "" is any; Segment "" is any.
	Source, Segment string
	Cost            float64
}

// Crisis is how a surge of complaints is noticed, and how the shop falls silent and speaks again.
type Crisis struct {
	// Complaints and Feedback are the event types watched, each as one signal; empty is complaint, and not_relevant and dismiss.
	Complaints, Feedback []string
	// FalseAlarms is how many false alarms a year all watched streams together may raise; 0 is 1.
	FalseAlarms float64
	// Bucket is the step in which events are counted; 0 is 10 minutes.
	Bucket time.Duration
	// Memory is the half-life of the usual rate; 0 is 7 days.
	Memory time.Duration
	// LeastEvents is how many events an alarm needs at least; 0 is 5.
	LeastEvents int
	// Region is the attribute of context or visitor that says where she is; "" is "region".
	Region string
	// Resume are the stages in which what was switched off comes back; empty is service and ask, then content, then all.
	Resume []ResumeStage
}

// ResumeStage is what may be shown again in a stage of coming back.
type ResumeStage struct {
	ID string
	// Kinds are those that may be shown; empty is all.
	Kinds []ItemKind
	// Share in (0, 1] of the visitors they are shown to; 0 is all.
	Share float64
}

// Switch silences what is about a topic, or speaks to people of a region or segment, until it is resumed.
type Switch struct {
	ID string
	// Topic, Region and Segment are what it is about; all that are set must hold, and one is.
	Topic, Region, Segment string
	// Statement is the item that is shown instead; "" is none.
	Statement string
	// Resume are the stages in which it comes back: those of the plan that was active when it was set.
	Resume []ResumeStage
	// Stage is how many of them have come: 0 is all switched off. Resumed is when the last one came.
	Stage            int
	Created, Resumed time.Time
	// Over is true when all is back.
	Over   bool
	Author string
	Note   string
	// History is what was done with it, oldest first.
	History []SwitchChange
}

// SwitchChange is one thing done with a switch.
type SwitchChange struct {
	Time   time.Time
	Author string
	Note   string
	// Stage is the stage it came to, Over that all is back.
	Stage int
	Over  bool
}

// Default values of relationship, acquisition and crisis.
const (
	DefaultDeliverWithin   = 7 * 24 * time.Hour
	DefaultRespondWithin   = 24 * time.Hour
	DefaultRecoveryControl = 0.2
	DefaultRecoveryWindow  = 60 * 24 * time.Hour
	DefaultQualityWindow   = 90 * 24 * time.Hour
	DefaultScale           = 1000.0
	DefaultFalseAlarms     = 1.0
	DefaultBucket          = 10 * time.Minute
	DefaultRateMemory      = 7 * 24 * time.Hour
	DefaultLeastEvents     = 5
	DefaultRegion          = "region"
)

// WithDefaults returns the relationship with every unset field filled in.
func (r Relationship) WithDefaults() Relationship {
	setDuration(&r.DeliverWithin, DefaultDeliverWithin)
	setDuration(&r.RespondWithin, DefaultRespondWithin)
	setDuration(&r.Recovery.Window, DefaultRecoveryWindow)
	if r.Recovery.Control == nil {
		r.Recovery.Control = new(DefaultRecoveryControl)
	}
	if len(r.Recovery.Outcomes) == 0 {
		r.Recovery.Outcomes = []string{EventPurchase, "review", "share"}
	}
	return r
}

// WithDefaults returns the acquisition with every unset field filled in.
func (a Acquisition) WithDefaults() Acquisition {
	setDuration(&a.Window, DefaultQualityWindow)
	setNumber(&a.Scale, DefaultScale)
	setNumber(&a.Strength, DefaultStrength)
	return a
}

// WithDefaults returns the crisis policy with every unset field filled in.
func (c Crisis) WithDefaults() Crisis {
	setDuration(&c.Bucket, DefaultBucket)
	setDuration(&c.Memory, DefaultRateMemory)
	setNumber(&c.FalseAlarms, DefaultFalseAlarms)
	if c.LeastEvents == 0 {
		c.LeastEvents = DefaultLeastEvents
	}
	if c.Region == "" {
		c.Region = DefaultRegion
	}
	if len(c.Complaints) == 0 {
		c.Complaints = []string{"complaint"}
	}
	if len(c.Feedback) == 0 {
		c.Feedback = []string{"not_relevant", "dismiss"}
	}
	if len(c.Resume) == 0 {
		c.Resume = []ResumeStage{
			{ID: "help", Kinds: []ItemKind{KindService, KindAsk}},
			{ID: "inform", Kinds: []ItemKind{KindService, KindAsk, KindContent}},
			{ID: "all"},
		}
	}
	return c
}

func setNumber(x *float64, def float64) {
	if *x == 0 {
		*x = def
	}
}

// WithDefaults returns the contact policy with every unset field filled in.
func (p ContactPolicy) WithDefaults() ContactPolicy {
	setDuration(&p.ReserveFor, DefaultReserveFor)
	if p.TimeZone == "" {
		p.TimeZone = "UTC"
	}
	return p
}

// WithDefaults returns the coherence with every unset field filled in.
func (c Coherence) WithDefaults() Coherence {
	setDuration(&c.Window, DefaultCoherenceWindow)
	return c
}
