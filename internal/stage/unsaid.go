package stage

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// How her own word is taken back.
//
// With each word a need keeps the belief as it would be without it and those after it, see [veiviser.NeedWord]. What she does is folded
// into these beliefs as into the one that counts. So without her last word the belief is what it would be had she not said it, but
// that a pause before what she did next counts from her word on. A word under a later one cannot be taken out of what is believed
// now; it is gone once the later one is taken back, too.

// TakeBack takes words out of what is believed of the needs that heard them, and out of their evidence. A need that there is only for
// them goes. words are hashes of the ids of the wishes that said them. It reports whether any was found.
func TakeBack(v *veiviser.Visitor, words ...uint64) bool {
	gone := func(w veiviser.NeedWord) bool { return slices.Contains(words, w.Wish) }
	found, needs := false, v.Needs[:0]
	for _, n := range v.Needs {
		if slices.ContainsFunc(n.Words, gone) {
			found = true
			takeOut(&n, gone)
			recite(&n)
			if len(n.Words) == 0 && n.Events == 0 {
				continue
			}
		}
		needs = append(needs, n)
	}
	clear(v.Needs[len(needs):])
	v.Needs = needs
	byUpdated(v)
	return found
}

// keepWord keeps a word that was heard just now. It takes the place of the same word said before and of those it was said instead of.
func keepWord(n *veiviser.Need, w veiviser.NeedWord, instead []uint64) {
	if w.Wish == 0 {
		return
	}
	earlier := append(slices.Clone(instead), w.Wish)
	w.Wish = 0 // so that it is none of them
	n.Words = append(n.Words, w)
	takeOut(n, func(o veiviser.NeedWord) bool { return slices.Contains(earlier, o.Wish) })
	n.Words[len(n.Words)-1].Wish = earlier[len(earlier)-1]
	n.Words = newest(n.Words, veiviser.MaxNeedWords)
}

// takeOut takes words out: without the last one the belief is what was kept with it, without another the next one keeps that.
func takeOut(n *veiviser.Need, gone func(veiviser.NeedWord) bool) {
	for i := 0; i < len(n.Words); {
		w := n.Words[i]
		switch {
		case !gone(w):
			i++
			continue
		case i+1 < len(n.Words):
			n.Words[i+1].P, n.Words[i+1].Updated = w.P, w.Updated
		default:
			n.P, n.Updated = w.P, w.Updated
		}
		n.Words = slices.Delete(n.Words, i, i+1)
	}
}

// recite makes the evidence that her own words are that of the words that are left.
func recite(n *veiviser.Need) {
	at := slices.IndexFunc(n.Evidence, func(e veiviser.Evidence) bool { return e.Signal == ToldStage })
	if at < 0 {
		return
	}
	n.Evidence = slices.Delete(n.Evidence, at, at+1)
	told := veiviser.Evidence{Signal: ToldStage}
	for i := range n.Words {
		if w := &n.Words[i]; w.Stage != "" {
			told.Time, told.Stage = w.Time, w.Stage
			told.Count++
			told.Weight += w.Weight
		}
	}
	if told.Count == 0 {
		return
	}
	at = slices.IndexFunc(n.Evidence, func(e veiviser.Evidence) bool { return e.Time.After(told.Time) })
	if at < 0 {
		at = len(n.Evidence)
	}
	n.Evidence = slices.Insert(n.Evidence, at, told)
}

// unobserved is the belief before an event is observed, nil where no word keeps one beside it.
func unobserved(n *veiviser.Need) []float64 {
	if len(n.Words) == 0 {
		return nil
	}
	return slices.Clone(n.P)
}

// unsaid folds an event into the beliefs that words keep. What is observed multiplies each stage of any belief by the same factor.
func (j *journey) unsaid(n *veiviser.Need, before []float64, at time.Time) {
	for i := range n.Words {
		w := &n.Words[i]
		j.drift(w.P, at.Sub(w.Updated))
		j.move(w.P)
		for k := range w.P {
			if before[k] > 0 {
				w.P[k] *= n.P[k] / before[k]
			}
		}
		settle(w.P, j.prior)
		w.Updated = latest(w.Updated, at)
	}
}

// poolWords makes one list of the words of two needs about the same subject, a and b, of which the beliefs are those of one moment and
// are pooled: without a word there is of either what it is without its words from then on.
func (j *journey) poolWords(a, b *veiviser.Need) []veiviser.NeedWord {
	if len(a.Words)+len(b.Words) == 0 {
		return nil
	}
	all := slices.Concat(a.Words, b.Words)
	slices.SortStableFunc(all, func(x, y veiviser.NeedWord) int { return x.Time.Compare(y.Time) })
	for i := range all {
		w := &all[i]
		w.P, w.Updated = j.pooled(without(a, w.Time), without(b, w.Time)), b.Updated
	}
	return newest(all, veiviser.MaxNeedWords)
}

// without is what is believed without the words from a moment on.
func without(n *veiviser.Need, from time.Time) []float64 {
	i := slices.IndexFunc(n.Words, func(w veiviser.NeedWord) bool { return !w.Time.Before(from) })
	if i < 0 {
		return n.P
	}
	return n.Words[i].P
}
