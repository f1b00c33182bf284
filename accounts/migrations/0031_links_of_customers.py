"""Addresses and devices of the customers in the book get their blind indexes; imports write them from now on."""

from django.db import migrations

from riskops.shared.personal import link_indexes

BATCH = 1_000


def index_links(apps, schema_editor):
    customers = apps.get_model("accounts", "Customer").objects.using(schema_editor.connection.alias)
    tokens = apps.get_model("accounts", "CustomerNameToken")
    rows = []
    for pk, person in customers.order_by("pk").values_list("pk", "person").iterator(chunk_size=BATCH):
        for indexes in link_indexes(person).values():
            rows += [tokens(customer_id=pk, token_index=index) for index in indexes]
        if len(rows) >= BATCH:
            tokens.objects.using(schema_editor.connection.alias).bulk_create(rows, ignore_conflicts=True)
            rows = []
    tokens.objects.using(schema_editor.connection.alias).bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0030_reviews")]
    operations = [migrations.RunPython(index_links, migrations.RunPython.noop)]
