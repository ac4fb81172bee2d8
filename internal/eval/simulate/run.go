package simulate

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Config says what is simulated.
type Config struct {
	World *World
	// Visits is how many decisions each policy makes: 20,000 when 0.
	Visits int
	// Seed decides who comes and what luck she has.
	Seed uint64
	// Policies are judged one after the other, each on an audience of its own that is the same for all. They must be new:
	// what they learned before would count for them.
	Policies []Policy
	// PerDay is how many new buyers come a day: 40 when 0.
	PerDay float64
	// Start is when the first may come: the first of January 2026 when zero.
	Start time.Time
	// Window is over how many visits the conversion rate rolls: a tenth of the visits when 0.
	Window int
	// Target is the conversion rate, orders by visit, that is waited for: 80 % of what the best policy but the oracle
	// has over the second half when 0.
	Target float64
	// Title and Source head the report.
	Title, Source string
}

// withDefaults is the config with what was left out.
func (c Config) withDefaults() Config {
	if c.Visits == 0 {
		c.Visits = 20000
	}
	if c.PerDay == 0 {
		c.PerDay = 40
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.Window == 0 {
		c.Window = max(c.Visits/10, 1)
	}
	c.Window = min(c.Window, c.Visits)
	if c.Title == "" {
		c.Title = "Simulation"
	}
	return c
}

// Run lets every policy decide for the audience. Progress, when set, hears now and then how many decisions of all are made.
// The result depends on the config alone.
func Run(ctx context.Context, c Config, progress func(done, total int)) (*Result, error) {
	c = c.withDefaults()
	if c.World == nil || len(c.Policies) == 0 || c.Visits < 0 || c.PerDay < 0 {
		return nil, veiviser.Invalid(veiviser.ReasonInvalidField, "", "a simulation needs a world and policies, and no negative numbers")
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	result := newResult(&c)
	for i, p := range c.Policies {
		r := newRun(&c, p)
		err := r.run(ctx, c.Visits, func(done int) { progress(i*c.Visits+done, len(c.Policies)*c.Visits) })
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", p.Name(), err)
		}
		result.Policies = append(result.Policies, r.tally.result(&c, p))
	}
	result.compare(&c)
	return result, nil
}

// run is one policy before its audience.
type run struct {
	world     *World
	policy    Policy
	seed      uint64
	start     time.Time
	perDay    float64
	decisions int
	arrived   int
	buyers    int       // after so many nobody new comes; 0 is without end
	arrival   time.Time // of the next new buyer
	queue     queue
	sequence  int
	tally     *tally
	latest    *buyer // whose visit was decided last
}

func newRun(c *Config, p Policy) *run {
	r := &run{world: c.World, policy: p, seed: c.Seed, start: c.Start, perDay: c.PerDay, arrival: c.Start, tally: newTally(c)}
	r.arrive()
	return r
}

// arrive puts the next new buyer into the queue.
func (r *run) arrive() {
	rnd := Stream(r.seed, forArrival, uint64(r.arrived))
	r.arrival = r.arrival.Add(time.Duration(rnd.ExpFloat64() / r.perDay * float64(24*time.Hour)))
	r.put(r.arrival, r.world.newcomerN(r.seed, r.arrived))
	r.arrived++
}

// run goes on until so many decisions are made.
func (r *run) run(ctx context.Context, decisions int, progress func(done int)) error {
	said := 0
	for r.decisions < decisions && len(r.queue) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.decisions >= said+256 {
			said = r.decisions
			progress(said)
		}
		e := r.next()
		var err error
		switch b := e.buyer; {
		case b.open != nil:
			err = r.end(b)
		case b.news != "":
			err = r.tell(b, e.at)
		default:
			if b.n == r.arrived-1 && b.visits == 0 && r.arrived != r.buyers {
				r.arrive()
			}
			err = r.decide(b, e.at)
		}
		if err != nil {
			return err
		}
	}
	progress(r.decisions)
	return nil
}

// decide is the first half of a visit, up to what is shown, and what comes of it, which the policy hears of later.
func (r *run) decide(b *buyer, at time.Time) error {
	o := r.begin(b, at)
	var err error
	if s, ok := r.policy.(seer); ok {
		o.choice = s.see(b, &o.visit)
	} else if o.choice, err = r.policy.Decide(&o.visit); err != nil {
		return err
	}
	if o.choice.Arm != Nothing && !slices.Contains(o.visit.Fitting, o.choice.Arm) {
		return veiviser.Invalid(veiviser.ReasonInvalidField, "arm", "arm %d does not fit the subject %q", o.choice.Arm, o.visit.Context.Subject)
	}
	r.decisions++
	r.latest = b
	r.show(b)
	r.tally.decided(r.world, b)
	r.put(o.outcome.End, b)
	return nil
}

// end is the end of a visit, and what comes until the next.
func (r *run) end(b *buyer) error {
	o := b.open
	if err := r.policy.Observe(&o.visit, o.choice, &o.outcome); err != nil {
		return err
	}
	for i := range o.outcome.Events {
		if e := &o.outcome.Events[i]; !Aimed(e) && e.ItemID != r.shown(o) {
			b.history.add(e)
		}
	}
	rnd := Stream(r.seed, forDrift, uint64(b.n), uint64(b.visits))
	drift, gap, delivery := rnd.Float64(), rnd.ExpFloat64(), rnd.Float64()
	b.history.Visits++
	b.history.LastVisit = o.outcome.End
	b.visits++
	b.open, b.state = nil, o.to
	from := b.state
	if from == Left {
		r.tally.left++
		return nil
	}
	b.state = Left
	for to, p := range r.world.drift[from] {
		if drift < p {
			b.state = State(to)
			break
		}
		drift -= p
	}
	if b.state == Left {
		r.tally.left++
	}
	pause := 2*time.Hour + time.Duration(math.Min(gap, 5)*r.world.courses[from].pause*float64(24*time.Hour))
	switch {
	case from == Waiting && b.state == Use:
		b.news = "delivery_confirmed"
	case from == Waiting && b.state == Waiting && delivery < 0.12, from == Waiting && b.state == Left && delivery < 0.5:
		b.news = "delivery_failed"
	case b.state == Left:
		return nil
	}
	at := o.outcome.End.Add(pause)
	if b.news != "" {
		at = o.outcome.End.Add(pause / 2)
	}
	r.put(at, b)
	return nil
}

// shown is the id of what a visit was shown; "-" for nothing, which no item is called.
func (r *run) shown(o *open) string {
	if o.choice.Arm == Nothing {
		return "-"
	}
	return r.world.Arms[o.choice.Arm].ID
}

// tell lets what happens between visits happen.
func (r *run) tell(b *buyer, at time.Time) error {
	t := &trace{world: r.world, buyer: b, subject: r.subject(r.world.classes[b.class].topic), channel: b.channel, number: 1000}
	e := t.event(b.news)
	e.Time = at
	b.news = ""
	b.history.add(&e)
	if b.state == Use {
		r.tally.delivered(b)
	}
	if l, ok := r.policy.(Listener); ok {
		if err := l.Hear(&e); err != nil {
			return err
		}
	}
	if b.state != Left {
		rest := Stream(r.seed, forDrift, uint64(b.n), uint64(b.visits), 1).ExpFloat64()
		r.put(at.Add(2*time.Hour+time.Duration(min(rest, 4)*float64(36*time.Hour))), b)
	}
	return nil
}

// subject is the index of a subject that visits are about.
func (r *run) subject(s string) int { return max(slices.Index(r.world.subjects, s), 0) }

// put calls a buyer at a time.
func (r *run) put(at time.Time, b *buyer) {
	heap.Push(&r.queue, entry{at, r.sequence, b})
	r.sequence++
}

// next is who comes next.
func (r *run) next() entry {
	e, _ := heap.Pop(&r.queue).(entry) // nothing else is put in
	return e
}

// entry is a buyer to be called at a time; of several at one time the one put in first.
type entry struct {
	at       time.Time
	sequence int
	buyer    *buyer
}

// queue is a heap of entries by time.
type queue []entry

// Len is part of heap.Interface.
func (q queue) Len() int { return len(q) }

// Less is part of heap.Interface.
func (q queue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].sequence < q[j].sequence
	}
	return q[i].at.Before(q[j].at)
}

// Swap is part of heap.Interface.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is part of heap.Interface.
func (q *queue) Push(x any) {
	e, _ := x.(entry) // put is the only caller
	*q = append(*q, e)
}

// Pop is part of heap.Interface.
func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
