package review

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// pageSize is how many ids or parts are read at a time.
	pageSize = 10_000
	// chunkSize is how many answers are read, and looked at between two reports.
	chunkSize = 250
	// maxDifferences bounds Progress.Differences.
	maxDifferences = 20
)

// Progress is how far a replay is.
type Progress struct {
	// Total answers are to be made again; Checked were looked at so far, of which each is one of the next three.
	Total, Checked int64
	// Identical came out the same in every bit, Different did not.
	Identical, Different int64
	// Gone are forgotten or erased, or the plan or catalogue that they were decided upon is not known any more.
	Gone int64
	// Differences are the first ones, at most 20.
	Differences []Difference
	// Done is true in the last report.
	Done bool
}

// Difference is an answer that came out otherwise.
type Difference struct {
	AnswerID string
	// Detail says where it differs first.
	Detail string
}

// Replay makes logged answers again, the newest first and at most limit of them (0 is all), and compares every bit. It
// reports at the beginning, after every few hundred answers, and when it is done; an error of report ends it. What is
// reported may be kept. Errors are those of the store and why ctx ended.
func (r *Reviewer) Replay(ctx context.Context, limit int64, report func(Progress) error) error {
	if err := take(ctx, r.replaying); err != nil {
		return err
	}
	defer func() { <-r.replaying }()
	ids, err := r.madeAnswers(ctx, limit)
	if err != nil {
		return because(ctx, err)
	}
	p, then := Progress{Total: int64(len(ids))}, newPast(r.log, r.plans)
	if err := report(p); err != nil {
		return err
	}
	for len(ids) > 0 {
		chunk := ids[:min(len(ids), chunkSize)]
		ids = ids[len(chunk):]
		if err := r.replay(ctx, then, chunk, &p); err != nil {
			return because(ctx, err)
		}
		if len(ids) > 0 {
			if err := report(p); err != nil {
				return err
			}
		}
	}
	p.Done = true
	return report(p)
}

// madeAnswers are the ids of the newest answers.
func (r *Reviewer) madeAnswers(ctx context.Context, limit int64) (ids []string, err error) {
	for before := ""; ; {
		size := int64(pageSize)
		if limit > 0 {
			size = min(size, limit-int64(len(ids)))
		}
		page, next, err := r.log.MadeAnswers(ctx, before, int(size))
		if err != nil {
			return nil, err
		}
		if ids = append(ids, page...); next == "" || limit > 0 && int64(len(ids)) >= limit {
			return ids, nil
		}
		before = next
	}
}

// replay makes a few answers again. Those of one moment are made together, so that however moments are mixed each snapshot is
// made once.
func (r *Reviewer) replay(ctx context.Context, then *past, ids []string, p *Progress) error {
	answers, err := r.log.AnswersByID(ctx, ids)
	if err != nil {
		return err
	}
	details := make(map[string]string) // of those that are different
	gone := make(map[string]bool)
	for _, group := range byMoment(ids, answers) {
		f, err := then.at(ctx, group.moment)
		if err != nil {
			return err
		}
		for _, id := range group.ids {
			a := answers[id]
			switch {
			case f.why != nil:
				details[id] = fmt.Sprintf("plan version %d does not compile any more: %s", a.PlanVersion, problem(f.why))
			case f.snap == nil:
				gone[id] = true
			default:
				if detail := Again(f.snap, &a); detail != "" {
					details[id] = detail
				}
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	list := slices.Clip(p.Differences) // what was reported stays as it is
	for _, id := range ids {
		p.Checked++
		_, known := answers[id]
		detail, different := details[id]
		switch {
		case !known || gone[id]:
			p.Gone++
		case different:
			if p.Different++; len(list) < maxDifferences {
				list = append(list, Difference{id, detail})
			}
		default:
			p.Identical++
		}
	}
	p.Differences = list
	return nil
}

// group is the answers of one moment.
type group struct {
	moment moment
	ids    []string
}

// byMoment groups the answers that are there, in the order in which their moments first come.
func byMoment(ids []string, answers map[string]veiviser.Answer) []group {
	var groups []group
	index := make(map[moment]int)
	for _, id := range ids {
		a, ok := answers[id]
		if !ok {
			continue
		}
		m := momentOf(&a)
		at, ok := index[m]
		if !ok {
			at = len(groups)
			index[m] = at
			groups = append(groups, group{moment: m})
		}
		groups[at].ids = append(groups[at].ids, id)
	}
	return groups
}

// problem is what an error says to a person.
func problem(err error) string {
	if e, ok := errors.AsType[*veiviser.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
