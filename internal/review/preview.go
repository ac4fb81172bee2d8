package review

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// DefaultLookBack is how far back logged decisions are looked at for what a switch would stop.
	DefaultLookBack = 24 * time.Hour
	// MaxPreviewAnswers is how many answers are looked at for it, at most, the newest.
	MaxPreviewAnswers = 20_000
	// MaxPreviewItems is how many items are named.
	MaxPreviewItems = 1000
)

// SwitchPreview is what a switch would stop.
type SwitchPreview struct {
	// Items of the catalogue that would not be shown, at most MaxPreviewItems of Count.
	Items []string
	Count int
	// Empty are the placements that could show nothing but the statement any more.
	Empty []string
	// Decisions were looked at; Stopped of them would have shown something else, or nothing, to so many People.
	Decisions, Stopped, People int64
}

// PreviewSwitch says what a switch would stop: of the catalogue, and of the decisions of the last lookBack (0 is
// DefaultLookBack). Those are made again with the switch on, the newest first: at most MaxPreviewAnswers answers, and as many as
// there is time for before ctx ends. Errors: KindPrecondition with NO_PLAN_PUBLISHED, those of the store, and why ctx ended.
func (r *Reviewer) PreviewSwitch(ctx context.Context, s veiviser.Switch, lookBack time.Duration) (SwitchPreview, error) {
	var p SwitchPreview
	snap := r.plans.Active()
	if snap == nil {
		return p, veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonNoPlan, nil, "no plan is published yet")
	}
	p.Items, p.Empty = snap.Silences(&s, s.Created)
	p.Count = len(p.Items)
	p.Items = p.Items[:min(p.Count, MaxPreviewItems)]
	if lookBack <= 0 {
		lookBack = DefaultLookBack
	}
	ids, err := r.madeAnswers(ctx, MaxPreviewAnswers)
	if err != nil {
		return p, because(ctx, err)
	}
	w := &whatIf{past: newPast(r.log, r.plans), stop: s, since: s.Created.Add(-lookBack), people: map[uint64]bool{}, preview: &p}
	enough := timeFor(ctx)
	for len(ids) > 0 && !enough() {
		chunk := ids[:min(len(ids), chunkSize)]
		ids = ids[len(chunk):]
		answers, err := r.log.AnswersByID(ctx, chunk)
		if err != nil {
			return p, because(ctx, err)
		}
		fresh, err := w.look(ctx, chunk, answers)
		if err != nil {
			return p, because(ctx, err)
		}
		if !fresh {
			break
		}
	}
	p.People = int64(len(w.people))
	return p, nil
}

// timeFor reports whether three quarters of the time until ctx ends are spent.
func timeFor(ctx context.Context) func() bool {
	end, bounded := ctx.Deadline()
	if !bounded {
		return func() bool { return ctx.Err() != nil }
	}
	enough := end.Add(-time.Until(end) / 4)
	return func() bool { return !time.Now().Before(enough) }
}

// whatIf makes answers again as if a switch had been on.
type whatIf struct {
	past    *past
	stop    veiviser.Switch
	since   time.Time
	people  map[uint64]bool
	preview *SwitchPreview
}

// look looks at some answers; fresh is false when there were some and all of them are too old.
func (w *whatIf) look(ctx context.Context, ids []string, answers map[string]veiviser.Answer) (fresh bool, err error) {
	fresh = len(answers) == 0
	for _, group := range byMoment(ids, answers) {
		f, err := w.past.at(ctx, group.moment)
		if err != nil {
			return fresh, err
		}
		for _, id := range group.ids {
			a := answers[id]
			if a.Made.Before(w.since) {
				continue
			}
			fresh = true
			if f.snap == nil || slices.ContainsFunc(a.Request.Placements, func(p veiviser.PlacementRequest) bool { return !has(f.snap, p.Placement) }) {
				continue
			}
			in := decide.Again(&a)
			in.If = &w.stop
			again := decide.Decide(f.snap, in)
			w.compare(&a, &again)
		}
	}
	return fresh, nil
}

// compare counts the decisions that come out otherwise.
func (w *whatIf) compare(a, again *veiviser.Answer) {
	stopped := false
	for i := range a.Decisions {
		w.preview.Decisions++
		same := slices.EqualFunc(a.Decisions[i].Choices, again.Decisions[i].Choices, func(x, y veiviser.Choice) bool { return x.ItemID == y.ItemID })
		if !same {
			w.preview.Stopped++
			stopped = true
		}
	}
	if stopped {
		h := fnv.New64a()
		h.Write([]byte(again.Visitor.ID)) // a hash never fails
		w.people[h.Sum64()] = true
	}
}
