package relation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Wish puts a wish at the end of a person's, at the time now. It takes the place of one about the same thing: of the same kind,
// target and subject, or, for a word on her stage, of whatever she said before of her stage in that subject or below it. Where there
// is no room, what has ended makes some, and then corrected stages, which keep nothing away. It reports whether there was room, and
// changes nothing when there was none: an objection to being profiled and a pause from everything always find it, pauses from a
// subject and all other wishes do up to MaxDirectives each.
func Wish(s *veiviser.Standing, d veiviser.Directive, now time.Time) bool {
	others := slices.DeleteFunc(slices.Clone(s.Directives), func(o veiviser.Directive) bool { return replaces(&d, &o) })
	others = wishes(others, veiviser.MaxDirectives-1, now)
	if !fits(others, &d) {
		return false
	}
	s.Directives = append(others, d)
	return true
}

// replaces reports whether a wish takes the place of another that was set before: it is about the same, or says anew what that said.
func replaces(d, o *veiviser.Directive) bool {
	return d.Kind == o.Kind && d.Target == o.Target && d.Subject == o.Subject || d.Retells(o)
}

// fits reports whether there is room for a wish beside others.
func fits(others []veiviser.Directive, d *veiviser.Directive) bool {
	pause := d.Kind == veiviser.NotNow
	if d.Kind == veiviser.DoNotProfile || pause && d.Subject == "" {
		return true
	}
	n := 0
	for i := range others {
		if others[i].Kind != veiviser.DoNotProfile && (others[i].Kind == veiviser.NotNow) == pause {
			n++
		}
	}
	return n < veiviser.MaxDirectives
}

// wishes keeps at most so many wishes as far as those go that have ended, and then corrected stages. What keeps something away
// stays, however many there are.
func wishes(all []veiviser.Directive, most int, now time.Time) []veiviser.Directive {
	rank := func(d *veiviser.Directive) int {
		switch {
		case !d.Binds(now):
			return 0
		case d.Kind == veiviser.CorrectStage:
			return 1
		default:
			return 2
		}
	}
	bar := 0
	for i := range all {
		if rank(&all[i]) == 2 {
			bar++
		}
	}
	return room(all, max(most, bar), rank)
}

// directives unites wishes, oldest first.
func directives(all []veiviser.Directive, now time.Time) []veiviser.Directive {
	slices.SortFunc(all, func(a, b veiviser.Directive) int {
		return cmp.Or(a.Created.Compare(b.Created), a.Expires.Compare(b.Expires), strings.Compare(a.ID, b.ID))
	})
	out := all[:0]
	for _, d := range all {
		if slices.ContainsFunc(out, func(o veiviser.Directive) bool { return outlasts(&o, &d, now) }) {
			continue
		}
		out = append(slices.DeleteFunc(out, func(o veiviser.Directive) bool { return replaces(&d, &o) && yields(&o, &d, now) }), d)
	}
	return wishes(out, veiviser.MaxDirectives, now)
}

// outlasts reports whether of two wishes about one thing, set under two identities, the earlier one stays and the later one goes.
func outlasts(earlier, later *veiviser.Directive, now time.Time) bool {
	return replaces(earlier, later) && !yields(earlier, later, now)
}

// yields reports whether of two wishes, set under two identities, the earlier one makes room: a word on her stage for a later word
// that holds, any other for one that holds at least as long, for she took back neither.
func yields(earlier, later *veiviser.Directive, now time.Time) bool {
	switch {
	case earlier.Kind.OnStage():
		return later.Binds(now) || !earlier.Binds(now) && replaces(earlier, later)
	case later.Expires.IsZero():
		return true
	default:
		return !earlier.Expires.IsZero() && !later.Expires.Before(earlier.Expires)
	}
}
