"""The words of Portuguese."""

from __future__ import annotations

from ragqa.wording.record import DocumentWords, Labels, QuestionWords, Wording

WORDING = Wording(
    Labels(
        page="página {page}",
        rest="; o resto está na página {page}",
        steps="(passos 1 a {shown} de {total}{rest})",
        goes_on="(continua ali)",
        see_also="Ver também: ",
        nearest="O mais próximo é “{name}” ({place}){missing}.",
        missing=", mas sem este dado: {value}",
        same="{label} diz o mesmo. [{marker}]",
        silent="{label} não diz.",
        corrected="“{word}” procurado como “{taken_for}”",
        unsupported="não está nos trechos: ",
        values={
            "reason": "motivo",
            "time": "duração",
            "length": "comprimento",
            "weight": "peso",
            "temperature": "temperatura",
            "power": "potência",
            "voltage": "tensão",
            "current": "corrente",
            "capacity": "capacidade",
            "rate": "frequência",
            "torque": "torque",
            "pressure": "pressão",
            "noise level": "nível de ruído",
            "volume": "volume",
            "size": "tamanho",
            "percentage": "percentagem",
            "resolution": "resolução",
            "price": "preço",
            "colour": "cor",
            "interval": "intervalo",
            "number": "número",
            "number of them": "quantidade",
            "value": "valor",
        },
    ),
    DocumentWords(
        abbreviations=r"Sra|Dra|págs?|aprox|máx|mín|nº",
        step=r"(?:Passo|Etapa)\s+",
        notes="Notas?|Avisos?|Advertências?|Cuidado|Atenção|Perigo|Importante|Dicas?|Precauç(?:ão|ões)|Observaç(?:ão|ões)",
        hazards=r"\b(?:aviso|advertência|cuidado|atenção|perigo|risco de|choque elétrico|choque eléctrico"
        r"|ferimentos|lesões|nunca)\b",
        imperative=r"\W*(?:(?:depois|em seguida|agora|por fim|primeiro)\W+)?(?:(?:não\s+)?(?:pressione|desligue"
        r"|ligue|remova|coloque|abra|feche|desconecte|conecte"
        r"|limpe|verifique|aguarde|espere|insira|selecione|certifique-se|encha|esvazie|aperte|substitua|mantenha|puxe|empurre|desparafuse"
        r"|enxágue|deixe|repita|introduza|carregue)\b|(?:retire|gire|ajuste|instale|monte|use|lave"
        r"|seque|toque|prima|escolha) (?:o|a|os|as|em|no|na|um|uma)\b"
        r"|(?:pressionar|desligar|ligar|remover|retirar|colocar|abrir|fechar|limpar|girar|inserir|desmontar|verificar)\b)",
        chapter="Capítulo|Apêndice|Anexo|Seção|Secção|Parte",
        caption="Figura|Tabela",
        contents="Sumário|Índice|Conteúdo|Índice geral|Lista de (?:figuras|tabelas)",
        index="Índice remissivo",
        page=r"Página|pág\.",
        pages_in_all="de",
        elsewhere=r"ver (?:o|a|os|as|página)\b|veja\b|consulte\b|para (?:mais|obter) informações",
        version="versão|revisão|edição",
        edition="edição",
        model="modelo",
        follows="est[ea]s?|isto|isso|caso contrário|senão|no entanto|porém|mas (?:não|o|a|se)|exceto|salvo"
        "|a menos que|n(?:este|esse) caso",
        total="soma|média",
        unsaid=r"\b(?:manual|trechos?|documento|contexto|texto|passagens)\b[^.]{0,40}\bnão\b[^.]{0,30}\b(?:diz\w*|menciona\w*|indica\w*|especifica\w*|descreve\w*"
        r"|fornece\w*|informações|(?:contém|inclui)\w*(?=[^.]{0,60}\b(?:informaç\w+|instruç\w+|dados|como|quanto|quando)\b))\b"
        r"|\bnão (?:posso|é possível) (?:responder|encontrar|determinar)\b|\bnão há informações\b",
    ),
    QuestionWords(
        kinds={
            "number": r"\bquant[oa]s?\b|\bqual é (?:a|o) (?:temperatura|tensão|tamanho|potência|velocidade"
            r"|comprimento|largura|altura|pressão|distância|duração|peso|torque"
            r"|binário|número|capacidade|frequência|valor)\b|\ba que (?:temperatura|velocidade|distância"
            r"|altura|pressão)\b",
            "time": r"\bquando\b|\bque (?:ano|data|dia|mês|século)\b",
            "name": r"\bquem\b|\bonde\b",
        },
        procedure=r"\bcomo (?:se|posso|devo|faço|podemos|eu|é que|\w+[aei]r)\b|\bo que (?:devo|preciso|tenho de"
        r"|é preciso) fazer\b|\bpassos\b|\bprocedimento\b|\bpasso a passo\b",
        code=r"\b(?:comandos?|sintaxe|o que (?:devo )?digitar)\b",
        list_of=r"\bquais\b|\blista de\b|\bo que (?:preciso|inclui|contém)\b",
        rule=r"^\W*(?:pode-se|posso|pode|devo|deve|é|está|há|tem|são|preciso|se)(?!\w)|\b(?:posso|devo"
        r"|pode-se|é preciso)\b|\bo que acontece se\b",
        types={
            "reason": r"\bpor ?qu[eê]\b(?! é que\W*$)|\bqual é (?:a causa|o motivo|a razão)\b",
            "interval": r"\bde quanto em quanto\b|\bcom que frequência\b|\bquantas vezes (?:por|ao|à)",
            "time": r"\bquant[oa]s? (?:segundos|minutos|horas|dias|semanas|meses|anos|tempo)\b|\bquanto (?:demora"
            r"|dura)\b|\bduração\b",
            "price": r"\bquanto custa\w*|\bpreço\b|\bcusto\b",
            "weight": r"\bquanto pesa\w*|\bpeso\b|\bquantos (?:quilos?|gramas|kg)\b",
            "temperature": r"\btemperatura\b|\bquantos graus\b",
            "voltage": r"\btensão\b|\bvoltagem\b|\bquantos volts\b",
            "current": r"\bquantos amp[eè]res\b",
            "power": r"\bquantos watts\b|\bpotência\b",
            "torque": r"\btorque\b|\bbinário de aperto\b",
            "pressure": r"\b(?:que|qual é a|qual a) (?:\w+ )?pressão\b",
            "noise level": r"\bnível de ruído\b|\bquantos decib[eé]is\b",
            "volume": r"\bquantos (?:litros|mililitros)\b",
            "percentage": r"\bpercentagem\b|\bporcentagem\b",
            "length": r"\b(?:que|qual é [ao]|qual [ao]) (?:comprimento|largura|altura|distância|profundidade)\b"
            r"|\bdiâmetro\b|\bdimensões\b|\bquanto mede\w*"
            r"|\bquantos (?:metros|centímetros|milímetros|mm|cm)\b",
            "colour": r"\b(?:que|qual a|qual é a|de que) cor\b",
            "number": r"\bnúmero (?:de (?:encomenda|pedido|série|telefone|modelo|peça)|do modelo)\b|\bcódigo de erro\b",
            "number of them": r"\bquant[oa]s\b|\bnúmero de\b",
            "value": r"\bquant[oa]\b|\b(?:que|qual é [ao]) (?:tamanho|velocidade|capacidade|valor)\b",
        },
        values={
            "reason": r"\b(?:porque|pois|para|caso contrário|senão|devido|visto que|causa|motivo|evitar|proteger"
            r"|impedir|provoca\w*|pode)\b",
            "interval": r"\b(?:cada|todos|todas|uma vez|vezes|diari\w+|diári\w+|semanal\w*|mensal\w*|anual\w*"
            r"|regularmente|sempre)\b",
            "time": "segundos?|minutos?|horas?|dias?|semanas?|mês|meses|anos?",
            "length": "metros?|centímetros?|milímetros?|quilómetros?|quilômetros?|polegadas?",
            "weight": "gramas?|quilogramas?|quilos?|toneladas?",
            "temperature": "graus?",
            "volume": "litros?|mililitros?|xícaras?|chávenas?",
            "percentage": "por cento",
            "price": "euros?|reais",
            "noise level": "decib[eé]is",
            "colour": r"\b(?:vermelh[oa]|verde|azul|branc[oa]|pret[oa]|amarel[oa]|laranja|cinz\w+|rox[oa]"
            r"|castanh[oa]|marrom|rosa)s?\b",
        },
        numerals=r"\b(?:dois|duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|quinze|vinte|trinta|mei[oa]|metade|diari\w+)\b",
        dates="janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro|segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira|século",
        leans=r"^\W*(?:e|mas|ou|então|depois|também|além disso)\b|\b(?:isso|isto|ele|ela|eles|elas|o mesmo"
        r"|a mesma)\b|\w+[aei]-l[oa]s?\b|\w+-[oa]s?\b\W*$",
        bare=r"quant[oa]s?|tempo|quando|onde|por|que|porque|como|qual|quais|custa|fazer|se|faz|é|devo|posso|pode|demora|dura|vezes|exatamente|o",
        opposites=(
            (r"\b(?:ligar|ligue|liga)\b", r"\b(?:desligar|desligue|desliga)\b"),
            (r"\bativ\w+", r"\bdesativ\w+"),
            (r"\b(?:abrir|abra|abertura)\b", r"\b(?:fechar|feche|fecho|fechamento)\b"),
            (
                r"\b(?:instal|mont|coloc|inser|conect)(?:ar|ir|e|a|ação|agem)\b",
                r"\b(?:desmont|retir|remov|desconect|desinstal)(?:ar|er|e|a|ação|agem)\b|\bremoção\b",
            ),
            (r"\bbloque\w+", r"\bdesbloque\w+"),
            (r"\b(?:iniciar|arrancar|inicie)\b", r"\b(?:parar|interromper)\b"),
            (r"\baument(?:ar|e|o)\b", r"\b(?:diminu|reduz)\w+"),
        ),
    ),
)
