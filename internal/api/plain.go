package api

import (
	"math"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// The limits of the contract cost about ten microseconds on a typical RecommendRequest when they are evaluated from its
// descriptors. The functions below answer the same question by hand in a fraction of one: true means that every limit is
// kept. Anything else goes to the rules, which have the last word and the words to say what is wrong. That both agree is
// proved in plain_test.go.

const (
	maxTextBytes     = 512
	maxLanguageBytes = 35
	maxPlacementTake = 50
	maxEventValue    = 1e12
)

func plainRecommend(r *veiviserv1.RecommendRequest) bool {
	if !plainID(r.GetVisitorId()) || !plainContext(r.GetContext()) || !plainTime(r.GetTime()) ||
		len(r.GetEvents()) > veiviser.MaxEventsPerDecision || !plainExploration(r.GetExploration()) ||
		len(r.GetPlacements()) == 0 || len(r.GetPlacements()) > veiviser.MaxPlacements {
		return false
	}
	for _, e := range r.GetEvents() {
		if !plainEvent(e) {
			return false
		}
	}
	for _, p := range r.GetPlacements() {
		if p.GetPlacement() == "" || len(p.GetPlacement()) > veiviser.MaxNameBytes ||
			p.GetMaxItems() < 0 || p.GetMaxItems() > maxPlacementTake ||
			!plainIDs(p.GetCandidateItemIds()) || !plainIDs(p.GetExcludeItemIds()) {
			return false
		}
	}
	return true
}

func plainEvent(e *veiviserv1.Event) bool {
	return plainID(e.GetEventId()) && len(e.GetVisitorId()) <= veiviser.MaxIDBytes && plainTime(e.GetTime()) &&
		e.GetType() != "" && len(e.GetType()) <= veiviser.MaxNameBytes &&
		len(e.GetSubject()) <= veiviser.MaxIDBytes && len(e.GetItemId()) <= veiviser.MaxIDBytes &&
		len(e.GetDecisionId()) <= veiviser.MaxIDBytes && len(e.GetChannel()) <= veiviser.MaxNameBytes &&
		math.Abs(e.GetValue()) <= maxEventValue && // false for NaN
		plainAttributes(e.GetAttributes())
}

func plainContext(c *veiviserv1.VisitContext) bool {
	return len(c.GetChannel()) <= veiviser.MaxNameBytes && len(c.GetDevice()) <= veiviser.MaxNameBytes &&
		plainLanguage(c.GetLanguage()) && len(c.GetReferrer()) <= maxTextBytes && len(c.GetPage()) <= maxTextBytes &&
		len(c.GetQuery()) <= maxTextBytes && len(c.GetSubject()) <= veiviser.MaxIDBytes && plainAttributes(c.GetAttributes())
}

func plainAttributes(m map[string]string) bool {
	if len(m) > veiviser.MaxAttributes {
		return false
	}
	for k, v := range m {
		if k == "" || len(k) > veiviser.MaxNameBytes || len(v) > veiviser.MaxAttributeBytes {
			return false
		}
	}
	return true
}

func plainID(s string) bool { return s != "" && len(s) <= veiviser.MaxIDBytes }

func plainIDs(ids []string) bool {
	if len(ids) > veiviser.MaxCandidateItems {
		return false
	}
	for _, id := range ids {
		if !plainID(id) {
			return false
		}
	}
	return true
}

func plainExploration(x veiviserv1.Exploration) bool {
	return x >= veiviserv1.Exploration_EXPLORATION_UNSPECIFIED && x <= veiviserv1.Exploration_EXPLORATION_OFF
}

func plainTime(t *timestamppb.Timestamp) bool { return t == nil || t.GetSeconds() > 0 && t.IsValid() }

// plainLanguage: "" or letters, then parts of letters and digits behind "-" or "_", each of 1–8.
func plainLanguage(s string) bool {
	if len(s) > maxLanguageBytes {
		return false
	}
	n, part := 0, 0
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case letter || part > 0 && '0' <= c && c <= '9':
			if n++; n > 8 {
				return false
			}
		case (c == '-' || c == '_') && n > 0:
			n, part = 0, part+1
		default:
			return false
		}
	}
	return s == "" || n > 0
}
