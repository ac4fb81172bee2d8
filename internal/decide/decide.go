package decide

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Store is what deciding needs of a store. Every method is one round trip. Errors are [*veiviser.Error].
type Store interface {
	// Load gives what is known of the person behind visitorID, and of each event whether it was folded before.
	Load(ctx context.Context, visitorID string, events []veiviser.Event) (veiviser.Loaded, error)
	// Commit writes a change, all of it or nothing; KindConflict when the visitor changed since it was loaded.
	Commit(ctx context.Context, change veiviser.Change) error
	// NewAnswerID gives an unguessable id from which Answer finds the answer again.
	NewAnswerID(visitorID string) string
	// Answer gives an answer by id, with the identity it was given to; NotFound when it is unknown or no longer remembered.
	Answer(ctx context.Context, answerID string) (owner string, answer veiviser.Answer, err error)
	// Answers gives every answer still remembered for a person, oldest first.
	Answers(ctx context.Context, visitorID string) ([]veiviser.Answer, error)
	// Watch gives a note whenever a person is changed, by whatever replica, until ctx ends.
	Watch(ctx context.Context, visitorID string) (<-chan struct{}, error)
}

// Plans gives snapshots of published plans.
type Plans interface {
	// Active is the plan that answers now; nil before anything is published.
	Active() *plan.Snapshot
	// At is a published version, for explanations.
	At(ctx context.Context, version uint64) (*plan.Snapshot, error)
}

// Options are what a Decider needs besides its store and plans. The zero value is right for production.
type Options struct {
	// Now gives the time; nil is time.Now.
	Now func() time.Time
	// Seed gives the seed of each answer; nil draws it from the operating system's randomness.
	Seed func() [2]uint64
	// Log gets a line when answers become degraded; nil is silent.
	Log *slog.Logger
	// Learned gives what was learned of usefulness; nil is nothing.
	Learned func() *rank.Learned
	// Customers gives what was observed of first-time customers; nil is nothing.
	Customers func() relation.Book
	// Reserve is how much of the caller's deadline is kept back to answer in when the store is late; 0 is 20 ms.
	Reserve time.Duration
}

// Decider answers. It is safe for concurrent use.
type Decider struct {
	store   Store
	plans   Plans
	now     func() time.Time
	seed    func() [2]uint64
	log     *slog.Logger
	learned func() *rank.Learned
	// customers gives what was observed of first-time customers.
	customers func() relation.Book
	reserve   time.Duration
	// known is what binds for who was met lately, for degraded answers.
	known *lastKnown
}

// New returns a decider.
func New(store Store, plans Plans, o Options) *Decider {
	d := &Decider{
		store: store, plans: plans, now: o.Now, seed: o.Seed, log: o.Log, learned: o.Learned, customers: o.Customers, reserve: o.Reserve,
		known: newLastKnown(mostKnown),
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.seed == nil {
		d.seed = func() [2]uint64 { return [2]uint64{rand.Uint64(), rand.Uint64()} }
	}
	if d.learned == nil {
		d.learned = func() *rank.Learned { return nil }
	}
	if d.customers == nil {
		d.customers = func() relation.Book { return nil }
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.reserve == 0 {
		d.reserve = 20 * time.Millisecond
	}
	return d
}

// Reply is an answer with the voice to tell it in.
type Reply struct {
	Answer veiviser.Answer
	Voice  Voice
}

// Recommend answers a request. It fails only when the request is wrong, no plan is published, or many callers change the
// same visitor at once; when the store is away the answer is degraded.
func (d *Decider) Recommend(ctx context.Context, req veiviser.Request) (*Reply, error) {
	return d.recommend(ctx, req, d.seed(), nil)
}

// recommend answers with a seed somebody who is watched: decisions are on her screen already. on is nil for who is not.
func (d *Decider) recommend(ctx context.Context, req veiviser.Request, seed [2]uint64, on *screen) (*Reply, error) {
	snap := d.plans.Active()
	if snap == nil {
		return nil, learn.ErrNoPlan()
	}
	wall := d.now().UTC()
	if err := check(snap, &req, wall); err != nil {
		return nil, err
	}
	storeCtx, cancel := d.keepBack(ctx)
	defer cancel()
	var answer veiviser.Answer
	err := learn.Ready(snap)
	if err == nil {
		err = learn.Retry(storeCtx, func() (err error) {
			answer, err = d.attempt(storeCtx, snap, &req, wall, seed, on)
			return err
		})
	}
	if degradable(err) && ctx.Err() == nil {
		d.log.DebugContext(ctx, "answered without the store", "error", err)
		answer, err = d.degraded(snap, &req, wall, seed, err)
	}
	if err != nil {
		return nil, err
	}
	return &Reply{Answer: discreet(snap, answer), Voice: newVoice(snap, &answer, req.Context.Language)}, nil
}

// keepBack gives the store a little less time than the caller gave us, to answer in.
func (d *Decider) keepBack(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-d.reserve))
}

// degradable reports whether err means that the store is of no help rather than that the request is wrong.
func degradable(err error) bool {
	if err == nil {
		return false
	}
	switch veiviser.KindOf(err) {
	case veiviser.KindUnavailable, veiviser.KindDeadline, veiviser.KindExhausted:
		return true
	default:
		return veiviser.ReasonOf(err) == veiviser.ReasonCorruptRecord
	}
}

// attempt is one pass of load, fold, decide and commit.
func (d *Decider) attempt(ctx context.Context, snap *plan.Snapshot, req *veiviser.Request, wall time.Time, seed [2]uint64, on *screen,
) (veiviser.Answer, error) {
	loaded, err := d.store.Load(ctx, req.VisitorID, req.Events)
	if err == nil {
		err = on.still(&loaded)
	}
	if err != nil {
		return veiviser.Answer{}, err
	}
	d.known.meet(req.VisitorID, loaded.Visitor, wall)
	loaded.Nonce = rand.Uint64()
	folded, err := foldEvents(snap, &loaded, req, wall)
	if err != nil {
		return veiviser.Answer{}, err
	}
	if folded.Visitor == nil {
		folded = learn.Forget(snap, &loaded, wall)
	}
	folded.Settle(snap, &loaded, moment(req, wall))
	visitor := folded.Visitor
	if visitor == nil {
		visitor = loaded.Visitor
	}
	account, err := d.account(ctx, snap, req, &folded, visitor, moment(req, wall))
	if err != nil {
		return veiviser.Answer{}, err
	}
	id := canonicalID(&loaded)
	in := Input{
		Visitor: visitor, Account: recordOf(account), Request: *req, Time: moment(req, wall), Seed: seed, Made: wall,
		Learned: d.learned(), Customers: d.customers(), Showing: on.decisions(),
		Group: learn.GroupOf(visitor, id, *snap.Policy.Control.Share),
	}
	if !req.Preview {
		in.ID = d.store.NewAnswerID(id)
	}
	answer := Decide(snap, in)
	if req.Preview {
		return answer, nil
	}
	changed, quiet := shownTo(snap, &answer, folded.Visitor, loaded.Visitor)
	err = d.commit(ctx, snap, account, forAccount(snap, &answer), veiviser.Change{
		Loaded: loaded, Visitor: changed, EventIDs: folded.EventIDs, Answer: &answer, Forget: folded.Forget, Quiet: quiet,
		Log:        append(folded.Log, decisionLog(snap, &answer)...),
		VisitorTTL: snap.Policy.VisitorTTL, AnswerTTL: snap.Policy.DecisionTTL + lookBack,
	})
	if err == nil && folded.Visitor != nil {
		d.known.meet(req.VisitorID, folded.Visitor, wall)
	}
	return answer, err
}

// lookBack is how much longer than the plan says a decision is remembered: windows that last as long are closed, and what
// came of it is looked at, after that.
const lookBack = time.Hour

// Met notes what binds for a person whose record was just written elsewhere in this process, so that it binds in degraded answers,
// too. visitor is as she was written, nil when she was erased.
func (d *Decider) Met(visitorID string, visitor *veiviser.Visitor) {
	d.known.meet(visitorID, visitor, d.now().UTC())
}

// degraded answers from the plan in memory, the context, and what is known to bind for her: what this process met lately of it, and
// what the events sent along say that stands between her and the shop, such as a complaint. They say nothing of what she is about.
func (d *Decider) degraded(snap *plan.Snapshot, req *veiviser.Request, wall time.Time, seed [2]uint64, cause error,
) (veiviser.Answer, error) {
	met := veiviser.Loaded{
		VisitorID: req.VisitorID, Outcomes: anyDecision(req.Events),
		Visitor: &veiviser.Visitor{ID: req.VisitorID, Standing: d.known.standing(req.VisitorID, wall)},
	}
	folded, err := foldEvents(snap, &met, req, wall)
	if err != nil {
		return veiviser.Answer{}, err
	}
	visitor := folded.Visitor
	if visitor == nil {
		visitor = met.Visitor
	}
	reason := veiviser.ReasonStoreUnavailable
	if veiviser.ReasonOf(cause) == veiviser.ReasonCorruptRecord {
		reason = veiviser.ReasonCorruptRecord
	}
	return Decide(snap, Input{
		Visitor: visitor, Request: *req, Time: moment(req, wall), Seed: seed, Degraded: string(reason), Made: wall,
		Group: learn.GroupOf(nil, req.VisitorID, *snap.Policy.Control.Share), Learned: d.learned(),
		Customers: d.customers(),
	}), nil
}

// anyDecision takes the decisions that events name for granted: without the store nobody can tell, and nothing is written.
func anyDecision(events []veiviser.Event) map[string]veiviser.Given {
	known := make(map[string]veiviser.Given)
	for i := range events {
		known[events[i].DecisionID] = veiviser.Given{}
	}
	return known
}

func canonicalID(l *veiviser.Loaded) string {
	if l.Visitor != nil {
		return l.Visitor.ID
	}
	return l.VisitorID
}

// moment is the time to decide at: the one asked for, or else now.
func moment(req *veiviser.Request, wall time.Time) time.Time {
	if req.Time.IsZero() {
		return wall
	}
	return req.Time
}

// decisionLog is what the learner gets to know of an answer.
func decisionLog(snap *plan.Snapshot, a *veiviser.Answer) []veiviser.LogEntry {
	lines := make([]veiviser.LogEntry, len(a.Decisions))
	at := veiviser.Membership{Segments: a.Segments}
	if len(a.Needs) > 0 {
		at.Stage = a.Needs[0].Standard
	}
	for i := range a.Decisions {
		lines[i] = veiviser.LogEntry{Time: a.Time, After: at, Served: learn.Logged(snap, a, i)}
	}
	return lines
}
