package planpb

import (
	"math"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func purposeFromProto(p *veiviserv1.Purpose) veiviser.Purpose {
	return veiviser.Purpose{
		ID: p.GetId(), Name: texts(p.GetName()), Version: p.GetVersion(), Renew: p.GetRenew(), Granted: p.GetGranted(),
		Profile: p.GetProfile(), Channels: list(p.GetChannels()),
	}
}

func purposeToProto(p veiviser.Purpose) *veiviserv1.Purpose {
	return &veiviserv1.Purpose{
		Id: p.ID, Name: dict(p.Name), Version: p.Version, Renew: p.Renew, Granted: p.Granted, Profile: p.Profile,
		Channels: list(p.Channels),
	}
}

func contactFromProto(c *veiviserv1.ContactPolicy) veiviser.ContactPolicy {
	return veiviser.ContactPolicy{
		Caps:       each(c.GetCaps(), capFromProto),
		QuietHours: each(c.GetQuietHours(), quietFromProto),
		Budget:     veiviser.AttentionBudget{Amount: int(c.GetBudget().GetAmount()), Window: duration(c.GetBudget().GetWindow())},
		ReserveFor: duration(c.GetReserveFor()),
		TimeZone:   c.GetTimeZone(),
	}
}

func contactToProto(c *veiviser.ContactPolicy) *veiviserv1.ContactPolicy {
	return &veiviserv1.ContactPolicy{
		Caps:       each(c.Caps, capToProto),
		QuietHours: each(c.QuietHours, quietToProto),
		Budget: unlessEmpty(&veiviserv1.AttentionBudget{
			Amount: clamp(c.Budget.Amount), Window: durationToProto(c.Budget.Window),
		}),
		ReserveFor: durationToProto(c.ReserveFor),
		TimeZone:   c.TimeZone,
	}
}

func capFromProto(c *veiviserv1.Cap) veiviser.Cap {
	return veiviser.Cap{
		ID: c.GetId(), Limit: int(c.GetLimit()), Window: duration(c.GetWindow()), Per: c.GetPer(), Account: c.GetAccount(),
		Kinds: kindsFromProto(c.GetKinds()), Topics: list(c.GetTopics()), Items: list(c.GetItemIds()),
		Channels: list(c.GetChannels()), Placements: list(c.GetPlacements()),
	}
}

func capToProto(c veiviser.Cap) *veiviserv1.Cap {
	return &veiviserv1.Cap{
		Id: c.ID, Limit: clamp(c.Limit), Window: durationToProto(c.Window), Per: c.Per, Account: c.Account,
		Kinds: kindsToProto(c.Kinds), Topics: list(c.Topics), ItemIds: list(c.Items),
		Channels: list(c.Channels), Placements: list(c.Placements),
	}
}

func quietFromProto(q *veiviserv1.QuietHours) veiviser.QuietHours {
	return veiviser.QuietHours{
		ID: q.GetId(), Channels: list(q.GetChannels()), Placements: list(q.GetPlacements()),
		From: q.GetFrom(), To: q.GetTo(), Days: list(q.GetDays()),
	}
}

func quietToProto(q veiviser.QuietHours) *veiviserv1.QuietHours {
	return &veiviserv1.QuietHours{
		Id: q.ID, Channels: list(q.Channels), Placements: list(q.Placements),
		From: q.From, To: q.To, Days: list(q.Days),
	}
}

func coherenceFromProto(c *veiviserv1.Coherence) veiviser.Coherence {
	return veiviser.Coherence{
		Window: duration(c.GetWindow()),
		Contradictions: each(c.GetContradictions(), func(x *veiviserv1.Contradiction) veiviser.Contradiction {
			return veiviser.Contradiction{
				Claim: x.GetClaim(), Value: x.GetValue(), Other: x.GetOtherClaim(), OtherValue: x.GetOtherValue(),
			}
		}),
	}
}

func coherenceToProto(c *veiviser.Coherence) *veiviserv1.Coherence {
	return &veiviserv1.Coherence{
		Window: durationToProto(c.Window),
		Contradictions: each(c.Contradictions, func(x veiviser.Contradiction) *veiviserv1.Contradiction {
			return &veiviserv1.Contradiction{Claim: x.Claim, Value: x.Value, OtherClaim: x.Other, OtherValue: x.OtherValue}
		}),
	}
}

func audienceFromProto(a *veiviserv1.Audience) veiviser.Audience {
	return veiviser.Audience{ID: a.GetId(), Name: texts(a.GetName()), NeverSell: a.GetNeverSell(), Binds: a.GetBinds()}
}

func audienceToProto(a veiviser.Audience) *veiviserv1.Audience {
	return &veiviserv1.Audience{Id: a.ID, Name: dict(a.Name), NeverSell: a.NeverSell, Binds: a.Binds}
}

func accountsFromProto(a *veiviserv1.Accounts) veiviser.Accounts {
	return veiviser.Accounts{Roles: each(a.GetRoles(), func(r *veiviserv1.BuyingRole) veiviser.BuyingRole {
		return veiviser.BuyingRole{ID: r.GetId(), Name: texts(r.GetName()), Silent: r.GetSilent()}
	})}
}

func accountsToProto(a *veiviser.Accounts) *veiviserv1.Accounts {
	return &veiviserv1.Accounts{Roles: each(a.Roles, func(r veiviser.BuyingRole) *veiviserv1.BuyingRole {
		return &veiviserv1.BuyingRole{Id: r.ID, Name: dict(r.Name), Silent: r.Silent}
	})}
}

// clamp keeps a number within what the contract can say.
func clamp(n int) int32 { return int32(min(max(n, math.MinInt32), math.MaxInt32)) }
