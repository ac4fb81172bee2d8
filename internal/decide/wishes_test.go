package decide

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// linking is a store that can also make one person of two.
type linking struct {
	*memory
	snap  *plan.Snapshot
	alias map[string]string
	now   func() time.Time
}

func (m *linking) Load(ctx context.Context, id string, events []veiviser.Event) (veiviser.Loaded, error) {
	if to, ok := m.alias[id]; ok {
		id = to
	}
	return m.memory.Load(ctx, id, events)
}

func (m *linking) Link(_ context.Context, canonical, other string) error {
	into, from := m.visitors[canonical].Clone(), m.visitors[other].Clone()
	if into == nil {
		into = &veiviser.Visitor{ID: canonical}
	}
	if from != nil {
		standing := into.Standing.Clone()
		relation.Merge(&standing, &from.Standing, m.now())
		m.snap.Stages.Merge(into, from)
		into.Standing = standing
	}
	into.LinkedIDs = []string{other}
	m.visitors[canonical] = into
	m.revision[canonical]++
	delete(m.visitors, other)
	m.alias[other] = canonical
	return nil
}

func (m *linking) Erase(context.Context, string) (bool, error) { return false, nil }

// dutiful is the sample plan with items of every duty, purposes, and placements that fall back on what may be muted.
func dutiful(p *veiviser.Plan) {
	for i := range p.Items {
		switch i % 9 {
		case 3:
			p.Items[i].Duty = veiviser.DutyTransactional
		case 7:
			p.Items[i].Duty = veiviser.DutyMandatory
		}
		if p.Items[i].Duty != veiviser.DutyNone && i%2 == 0 { // those that are shown only now and then leave room for others
			p.Items[i].Topics = []string{"parts/chain"}
		}
	}
	p.Purposes = []veiviser.Purpose{
		{ID: "memory", Granted: true, Profile: true}, {ID: "messages", Granted: true, Channels: []string{"mail", "app"}},
	}
	for i := range p.Placements {
		p.Placements[i].Rule, p.Placements[i].Audiences = "", nil
	}
}

// history is one life of two identities: events, wishes, consents, a link, and questions in between.
type history struct {
	rng       *rand.Rand
	snap      *plan.Snapshot
	store     *linking
	recorder  *learn.Recorder
	decider   *Decider
	believer  *believer
	now       time.Time
	decisions int
	shown     int
	kept      int // items that a wish kept away
}

func newHistory(snap *plan.Snapshot, seed uint64) *history {
	h := &history{
		rng: rand.New(rand.NewPCG(seed, 5)), snap: snap, now: noon,
		believer: &believer{said: map[string][]wished{}, refused: map[string]map[string]bool{}, persons: map[string]string{}},
	}
	clock := func() time.Time { return h.now }
	h.store = &linking{memory: newMemory(), snap: snap, alias: map[string]string{}, now: clock}
	h.recorder = learn.NewRecorder(h.store, publish(snap), clock, nil)
	h.decider = New(h.store, publish(snap), Options{Now: clock, Seed: func() [2]uint64 { return [2]uint64{h.rng.Uint64(), h.rng.Uint64()} }})
	return h
}

func pick[T any](h *history, list ...T) T { return list[h.rng.IntN(len(list))] }

// live lives a history and gives the first thing that goes wrong.
func (h *history) live(ctx context.Context) (wrong string, err error) {
	for step := range 4 + h.rng.IntN(8) {
		h.now = h.now.Add(time.Duration(pick(h, 1, 60, 3600, 86400, 10*86400)) * time.Second)
		id := pick(h, "ada", "cookie")
		switch h.rng.IntN(7) {
		case 0, 1:
			err = h.events(ctx, id, step)
		case 2, 3:
			err = h.wish(ctx, id)
		case 4:
			err = h.other(ctx, id)
		default:
			wrong, err = h.ask(ctx, id)
		}
		if wrong != "" || err != nil {
			return wrong, err
		}
	}
	return h.ask(ctx, pick(h, "ada", "cookie"))
}

func (h *history) events(ctx context.Context, id string, step int) error {
	var events []veiviser.Event
	for i := range 1 + h.rng.IntN(4) {
		events = append(events, veiviser.Event{
			ID: fmt.Sprint(step, "-", i), VisitorID: id, Time: h.now, Type: pick(h, "view", "search", "compare", "cart_add", "checkout", "purchase"),
			Subject: pick(h, subjects...), Attributes: map[string]string{"visitor.household": "family"},
		})
	}
	_, err := h.recorder.Record(ctx, events)
	return err
}

// wish sets a wish of any kind, about things that are there.
func (h *history) wish(ctx context.Context, id string) error {
	items := h.snap.Plan.Items
	d := veiviser.Directive{Subject: pick(h, "", "", "bike", ebike, "parts")}
	switch d.Kind = pick(h, veiviser.MuteTopic, veiviser.MuteItem, veiviser.MuteItem, veiviser.MuteKind, veiviser.MuteChannel, veiviser.NotNow,
		veiviser.JustLooking, veiviser.Decided, veiviser.CorrectStage, veiviser.DoNotProfile); d.Kind {
	case veiviser.MuteTopic:
		d.Target, d.Subject = pick(h, "bike", ebike, "bike/cargo", "parts", "parts/chain", "service"), ""
	case veiviser.MuteItem:
		d.Target = items[h.rng.IntN(len(items))].ID
	case veiviser.MuteKind:
		d.Target = pick(h, "content", "offer", "service")
	case veiviser.MuteChannel:
		d.Target = pick(h, "web", "app", "mail")
	case veiviser.NotNow:
		d.Expires = h.now.Add(time.Duration(1+h.rng.IntN(200)) * time.Hour)
	case veiviser.CorrectStage:
		if d.Target = pick(h, "need", "search", "evaluate", "purchase", "use", "worn"); d.Target == "worn" {
			d.Subject = "parts"
		}
	case veiviser.DoNotProfile:
		d.Subject = ""
	default: // the others are about nothing but the subject
	}
	if h.rng.IntN(3) == 0 {
		d.Expires = h.now.Add(time.Duration(1+h.rng.IntN(400)) * time.Hour)
	}
	set, err := h.recorder.SetDirective(ctx, id, d)
	if err != nil {
		return err
	}
	w := wished{id: set.ID, kind: string(d.Kind), target: d.Target, subject: d.Subject, at: h.now, until: d.Expires}
	if w.until.IsZero() && (w.kind == "JUST_LOOKING" || w.kind == "DECIDED") {
		w.until = h.now.Add(30 * 24 * time.Hour)
	}
	person := h.believer.person(id)
	var others []wished
	for _, o := range h.believer.said[person] {
		if !w.aboutAllOf(&o) { // the later word is the one that counts
			others = append(others, o)
		}
	}
	h.believer.said[person] = append(others, w)
	return nil
}

// other says something to a purpose, takes a wish back, or makes one person of the two identities.
func (h *history) other(ctx context.Context, id string) error {
	b, person := h.believer, h.believer.person(id)
	switch h.rng.IntN(3) {
	case 0:
		purpose, granted := pick(h, "memory", "messages", "messages"), h.rng.IntN(2) == 0
		if b.refused[person] == nil {
			b.refused[person] = map[string]bool{}
		}
		b.refused[person][purpose] = !granted
		_, _, err := h.recorder.SetConsent(ctx, id, veiviser.Consent{Purpose: purpose, Granted: granted})
		return err
	case 1:
		said := b.said[person]
		if len(said) == 0 {
			return nil
		}
		i := h.rng.IntN(len(said))
		w := said[i]
		b.said[person] = append(append([]wished(nil), said[:i]...), said[i+1:]...)
		return h.recorder.RemoveDirective(ctx, id, w.id)
	default:
		return h.link(ctx)
	}
}

// link makes the two identities one. What was said to one purpose under both is left to the tests of merging: here the identity
// that said something to a purpose last is not known to the oracle, so such histories are not linked.
func (h *history) link(ctx context.Context) error {
	b := h.believer
	if b.persons["cookie"] != "" {
		return nil
	}
	for purpose := range b.refused["ada"] {
		if _, twice := b.refused["cookie"][purpose]; twice {
			return nil
		}
	}
	if err := h.recorder.Link(ctx, "ada", []string{"cookie"}); err != nil {
		return err
	}
	b.persons["cookie"] = "ada"
	b.said["ada"] = together(b.said["ada"], b.said["cookie"], h.now)
	for purpose, no := range b.refused["cookie"] {
		if b.refused["ada"] == nil {
			b.refused["ada"] = map[string]bool{}
		}
		b.refused["ada"][purpose] = no
	}
	return nil
}

// ask asks for an answer and lets the oracle look at it.
func (h *history) ask(ctx context.Context, id string) (wrong string, err error) {
	req := veiviser.Request{
		VisitorID: id, Explain: true,
		Context: veiviser.Context{Channel: pick(h, "", "web", "app", "mail", "Mail", "moon"), Subject: pick(h, subjects...), Language: "nb"},
	}
	for range 1 + h.rng.IntN(3) {
		p := &h.snap.Plan.Placements[h.rng.IntN(len(h.snap.Plan.Placements))]
		req.Placements = append(req.Placements, veiviser.PlacementRequest{Placement: p.ID})
	}
	reply, err := h.decider.Recommend(ctx, req)
	if err != nil {
		return "", err
	}
	for i := range reply.Answer.Decisions {
		d := &reply.Answer.Decisions[i]
		h.decisions, h.shown = h.decisions+1, h.shown+len(d.Choices)
		for _, x := range d.Excluded {
			switch string(x.Reason) {
			case "MUTED", "MUTED_CHANNEL", "PAUSED", "JUST_LOOKING", "DECIDED", "NO_CONSENT":
				h.kept += x.Count
			}
		}
	}
	return h.believer.violation(h.snap, &reply.Answer, id, h.now), nil
}

// In ten thousand histories of wishes of every kind, consents, events, links and questions nothing is ever shown that a wish or a
// refusal forbids, in no channel, under no identity, not by a fallback; and nobody who is not to be profiled is.
func TestWishesHoldIn10000Histories(t *testing.T) {
	histories := 10_000
	if testing.Short() || raced.On {
		histories = 500
	}
	snap := sykkel(t, dutiful)
	violations, decisions, shown, kept := 0, 0, 0, 0
	for seed := range uint64(histories) {
		h := newHistory(snap, seed)
		wrong, err := h.live(t.Context())
		if err != nil {
			t.Fatalf("history %d: %v", seed, err)
		}
		if wrong != "" {
			if violations++; violations <= 10 {
				t.Errorf("history %d: %s", seed, wrong)
			}
		}
		decisions, shown, kept = decisions+h.decisions, shown+h.shown, kept+h.kept
	}
	t.Logf("%d histories, %d decisions, %d items shown, %d kept away: %d violations", histories, decisions, shown, kept, violations)
	if shown < 5*histories/10 || kept < histories {
		t.Error("too little was shown, or kept away, for this to say anything")
	}
}
