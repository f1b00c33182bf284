"""Channels and categories of goods become a list of known values; sweeps keep the products that they look through.

Texts that decisions and rules named freely are values too, so that they stay readable and can be chosen again; whoever keeps the
list takes out of use what nobody needs. Those that a site is shipped with get their names right after the migration. Sweeps
that are there looked through the whole book, and go on to.
"""

from django.db import migrations, models

_SHIPPED = {
    "channel": {"app", "web", "mini_program", "store", "partner"},
    "category": {
        *("electronics", "appliances", "home", "fashion", "beauty", "groceries", "jewellery", "luxury", "gift_cards"),
        *("digital_goods", "travel", "education", "health"),
    },
}


def keep_texts(apps, schema_editor):
    using = schema_editor.connection.alias
    named = set()
    for model in ("Decision", "DecisionRuleVersion", "Restriction"):
        rows = apps.get_model("accounts", model).objects.using(using).filter(scope__in=_SHIPPED).exclude(scope_value="")
        named |= set(rows.order_by().values_list("scope", "scope_value").distinct())
    ScopeValue = apps.get_model("accounts", "ScopeValue")
    ScopeValue.objects.using(using).bulk_create(
        ScopeValue(kind=kind, code=text, name_en=text, name_zh=text)
        for kind, text in sorted(named)
        if text not in _SHIPPED[kind]
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0053_undoing_of_applications")]

    operations = [
        migrations.CreateModel(
            name="ScopeValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        "kind", choices=[("channel", "channel"), ("category", "category of goods")], max_length=10
                    ),
                ),
                (
                    "code",
                    models.CharField("code", help_text="as the payment platform names it; never changes", max_length=64),
                ),
                ("name_en", models.CharField("name in English", max_length=100)),
                ("name_zh", models.CharField("name in Chinese", max_length=100)),
                ("is_active", models.BooleanField("in use", default=True)),
            ],
            options={
                "verbose_name": "channel or category of goods",
                "verbose_name_plural": "channels and categories of goods",
                "ordering": ["-kind", "code"],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "code"), name="scope_value_once"),
                    models.CheckConstraint(
                        condition=~models.Q(code="") & ~models.Q(name_en="") & ~models.Q(name_zh=""),
                        name="scope_value_named_in_both_languages",
                    ),
                ],
            },
        ),
        migrations.RunPython(keep_texts, migrations.RunPython.noop),
        migrations.AddField(
            "reviewsweep",
            "products",
            models.JSONField("looks through", help_text="product codes; null: the whole book", null=True),
        ),
    ]
