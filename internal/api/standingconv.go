package api

import (
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// eachToProto translates a list.
func eachToProto[T, P any](list []T, one func(*T) P) []P {
	if len(list) == 0 {
		return nil
	}
	out := make([]P, len(list))
	for i := range list {
		out[i] = one(&list[i])
	}
	return out
}

// standingToProto tells what stands between a visitor and the shop, as seen at a moment; of her wishes all that are kept when it
// is zero.
func standingToProto(s *veiviser.Standing, at time.Time) *veiviserv1.Standing {
	r := &s.Relation
	out := &veiviserv1.Standing{
		Consents: eachToProto(s.Consents, consentToProto), Contacts: eachToProto(s.Contacts, contactToProto),
		Facts: eachToProto(s.Facts, factToProto), Cases: eachToProto(s.Cases, caseToProto),
		Orders: eachToProto(s.Orders, orderToProto), Phase: string(r.Phase()), Source: r.Source,
		FirstOrderTime: timeToProto(r.FirstOrder), HandoverTime: timeToProto(r.Handover),
		Rung: r.Rung, RungTime: timeToProto(r.RungSince), AccountId: s.Account, Role: s.Role,
		Audiences:       s.Audiences,
		AnsweredItemIds: s.Answered, AcquiredSegmentIds: s.Acquired.Segments, FirstOrderHash: r.First, AcquiredSource: s.Acquired.Source,
		Recovery: recoveringToProto(&s.Recovery),
	}
	for i := range s.Directives {
		if d := &s.Directives[i]; at.IsZero() || d.Binds(at) {
			out.Directives = append(out.Directives, directiveToProto(d))
		}
	}
	return out
}

// recoveringToProto tells as what she is counted who was let down; nil when nothing of hers was put right.
func recoveringToProto(r *veiviser.Recovering) *veiviserv1.Recovering {
	if r.Group == veiviser.GroupUnknown {
		return nil
	}
	return &veiviserv1.Recovering{
		Group: string(r.Group), Drawn: r.Drawn, StartTime: timeToProto(r.Began), RecoverTime: timeToProto(r.Recovered), RecoverType: r.By,
		Mixed: r.Mixed,
	}
}

func directiveFromProto(d *veiviserv1.Directive) veiviser.Directive {
	return veiviser.Directive{
		Kind: directiveKindFromProto(d.GetKind()), Target: d.GetTarget(), Subject: d.GetSubject(),
		Expires: timeFromProto(d.GetExpireTime()),
	}
}

func directiveToProto(d *veiviser.Directive) *veiviserv1.Directive {
	return &veiviserv1.Directive{
		DirectiveId: d.ID, Kind: veiviserv1.DirectiveKind(veiviserv1.DirectiveKind_value[directivePrefix+string(d.Kind)]),
		Target: d.Target, Subject: d.Subject, CreateTime: timeToProto(d.Created), ExpireTime: timeToProto(d.Expires),
	}
}

const directivePrefix = "DIRECTIVE_KIND_"

// directiveKindFromProto is the kind of the same name; "" for one that this build does not know.
func directiveKindFromProto(k veiviserv1.DirectiveKind) veiviser.DirectiveKind {
	name := veiviserv1.DirectiveKind_name[int32(k)]
	if k == veiviserv1.DirectiveKind_DIRECTIVE_KIND_UNSPECIFIED || len(name) < len(directivePrefix) {
		return ""
	}
	return veiviser.DirectiveKind(name[len(directivePrefix):])
}

func consentFromProto(c *veiviserv1.Consent) veiviser.Consent {
	return veiviser.Consent{Purpose: c.GetPurpose(), Granted: c.GetGranted(), Version: c.GetVersion(), Source: c.GetSource()}
}

func consentToProto(c *veiviser.Consent) *veiviserv1.Consent {
	return &veiviserv1.Consent{
		Purpose: c.Purpose, Granted: c.Granted, Version: c.Version, Source: c.Source, Time: timeToProto(c.Time),
	}
}

func contactToProto(c *veiviser.Contact) *veiviserv1.Contact {
	return &veiviserv1.Contact{
		Time: timeToProto(c.Time), ItemId: c.ItemID, Kind: planpb.KindToProto(c.Kind), Channel: c.Channel, Placement: c.Placement,
		ReleaseTime: timeToProto(c.Until), Attention: c.Attention, Count: uint32(c.Count()), Topics: c.Topics,
		KeepTime: timeToProto(c.Keep), DecisionHashes: hashes(c.Earlier, c.Decision),
	}
}

func factToProto(f *veiviser.Fact) *veiviserv1.Fact {
	return &veiviserv1.Fact{
		Product: f.Product, Claim: f.Claim, Value: f.Value, Time: timeToProto(f.Time), ItemId: f.Item, ReleaseTime: timeToProto(f.Until),
		KeepTime: timeToProto(f.Keep), DecisionHashes: hashes(f.Earlier, f.Decision),
	}
}

// hashes are those of decisions, the last of which is 0 for none.
func hashes(earlier []uint64, last uint64) []uint64 {
	if last == 0 {
		return earlier
	}
	return append(slices.Clone(earlier), last)
}

func caseToProto(c *veiviser.Case) *veiviserv1.Case {
	return &veiviserv1.Case{
		CaseId: c.ID, Cause: string(c.Cause), Subject: c.Subject, Channel: c.Channel, OpenTime: timeToProto(c.Opened),
		DueTime: timeToProto(c.Due), AnswerTime: timeToProto(c.Answered), ResolveTime: timeToProto(c.Resolved),
		RecoveryGroup: string(c.Ladder), RecoverTime: timeToProto(c.Recovered),
		OrderHash: c.Order, StepsShown: stepsShown(c), DecisionHash: c.ShownBy,
	}
}

// stepsShown are the hashes of the steps of a recovery that were shown.
func stepsShown(c *veiviser.Case) (shown []uint32) {
	for _, s := range c.Shown {
		if s != 0 {
			shown = append(shown, s)
		}
	}
	return shown
}

func orderToProto(o *veiviser.Order) *veiviserv1.Order {
	return &veiviserv1.Order{
		Subject: o.Subject, PlaceTime: timeToProto(o.Placed), PromiseTime: timeToProto(o.Promised), Late: o.Late,
		DeliverTime: timeToProto(o.Delivered), ReturnTime: timeToProto(o.Returned),
		Value: o.Value, OrderHash: o.ID, Named: o.Named,
	}
}
